import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openOnnxEmbedder } from '#adapters'
import type { Config } from '#config'
import { toPlinthError } from '#kernel'
import type { Embedder } from '#ports'

export interface Embedders {
  byName: ReadonlyMap<string, Embedder>
  /** What `embedder: default` means; undefined where the dense leg is off. */
  default: Embedder | undefined
  /** Why it is off, with the command that turns it on. */
  off: string | null
}

/** Preferred when several models are there and none is named. */
const preference = ['all-minilm-l6-v2', 'multilingual-e5-small']

/** Opens the models of the models folder. Files are verified now; memory is taken with the first text. */
export async function openEmbedders(config: Config): Promise<Embedders> {
  const byName = new Map<string, Embedder>()
  if (config.embedder === 'none') {
    return { byName, default: undefined, off: 'Switched off by PLINTH_EMBEDDER=none.' }
  }
  const problems: string[] = []
  for (const name of await folders(config.modelsDir)) {
    try {
      const embedder = await openOnnxEmbedder(join(config.modelsDir, name))
      byName.set(name, embedder)
    } catch (error) {
      problems.push(`${name}: ${toPlinthError(error).message}`)
    }
  }
  const chosen =
    config.embedder === 'auto'
      ? (preference.map((name) => byName.get(name)).find(Boolean) ?? [...byName.values()][0])
      : byName.get(config.embedder)
  return { byName, default: chosen, off: chosen ? null : whyOff(config, problems) }
}

function whyOff(config: Config, problems: readonly string[]): string {
  if (problems.length > 0) return `No model could be opened (${problems[0]}).`
  if (config.embedder !== 'auto')
    return `There is no model ${config.embedder} in ${config.modelsDir}.`
  return 'No embedding model yet: run `plinth models pull all-minilm-l6-v2`.'
}

async function folders(modelsDir: string): Promise<string[]> {
  const entries = await readdir(modelsDir, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((e) => (e.isDirectory() || e.isSymbolicLink()) && !e.name.startsWith('.'))
    .map((e) => e.name)
    .sort()
}
