import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openOnnxEmbedder, pullModel } from '#adapters'
import type { Config } from '#config'
import { toPlinthError } from '#kernel'
import type { Embedder, OutboundClient } from '#ports'

/** Preferred when several models are there and none is named; the first one is what a first start tries to fetch. */
const preference = ['all-minilm-l6-v2', 'multilingual-e5-small'] as const
export const defaultModel = preference[0]

/**
 * The embedding models of the models folder. A model that is added while the server runs is noticed at the next
 * `refresh`. Files are verified when a model is opened; memory is taken with its first text.
 */
export class Embedders {
  readonly byName = new Map<string, Embedder>()
  readonly #config: Config
  readonly #problems = new Map<string, string>()

  private constructor(config: Config) {
    this.#config = config
  }

  static async open(config: Config): Promise<Embedders> {
    const embedders = new Embedders(config)
    await embedders.refresh()
    return embedders
  }

  /** What `embedder: default` means; undefined where the dense leg is off. */
  get default(): Embedder | undefined {
    const { embedder } = this.#config
    if (embedder === 'none') return undefined
    if (embedder !== 'auto') return this.byName.get(embedder)
    const preferred = preference.map((name) => this.byName.get(name)).find(Boolean)
    return preferred ?? [...this.byName.values()][0]
  }

  /** Why the dense leg is off, with the command that turns it on; null where it is on. */
  get off(): string | null {
    if (this.default) return null
    const { embedder, modelsDir } = this.#config
    if (embedder === 'none') return 'Switched off by PLINTH_EMBEDDER=none.'
    const [problem] = this.#problems.values()
    if (problem) return `No model could be opened (${problem}).`
    if (embedder !== 'auto') return `There is no model ${embedder} in ${modelsDir}.`
    return `No embedding model yet: run \`plinth models pull ${defaultModel}\`.`
  }

  /** Opens what is new in the folder. Returns whether a model came. */
  async refresh(): Promise<boolean> {
    if (this.#config.embedder === 'none') return false
    let came = false
    for (const name of await folders(this.#config.modelsDir)) {
      if (this.byName.has(name) || this.#problems.has(name)) continue
      try {
        this.byName.set(name, await openOnnxEmbedder(join(this.#config.modelsDir, name)))
        came = true
      } catch (error) {
        this.#problems.set(name, `${name}: ${toPlinthError(error).message}`)
      }
    }
    return came
  }

  async close(): Promise<void> {
    await Promise.all([...this.byName.values()].map((one) => one.close()))
  }
}

/** Bytes must begin to flow within this time: a machine without a way out must not wait. */
const firstByteMs = 5_000

/**
 * Tries once in the life of an installation to fetch the default model, in the background: where no network leads to
 * the hub, it gives up and lexical search goes on. It is announced before anything is asked of the hub. Returns whether
 * a model came.
 */
export async function tryDefaultModel(
  config: Config,
  options: { outbound: OutboundClient; announce: () => Promise<void>; signal: AbortSignal },
): Promise<boolean> {
  const { announce, ...rest } = options
  const marker = join(config.dataDir, 'model-pull-tried')
  const tried = await stat(marker).catch(() => undefined)
  if (config.embedder !== 'auto' || tried) return false
  try {
    await writeFile(marker, `${new Date().toISOString()}\n`)
    await announce()
    await pullModel(defaultModel, { modelsDir: config.modelsDir, firstByteMs, ...rest })
    return true
  } catch {
    return false
  }
}

async function folders(modelsDir: string): Promise<string[]> {
  const entries = await readdir(modelsDir, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((e) => (e.isDirectory() || e.isSymbolicLink()) && !e.name.startsWith('.'))
    .map((e) => e.name)
    .sort()
}
