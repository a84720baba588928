import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openOnnxEmbedder } from '../../src/adapters/embedders/onnx/index.ts'

/** Texts as vectors of a local model, remembered in a file of the temporary folder between runs. */
export interface Vectors {
  passages(texts: readonly string[]): Promise<Float32Array[]>
  queries(texts: readonly string[]): Promise<Float32Array[]>
  close(): Promise<void>
}

const models = new URL('../../../shared/models/', import.meta.url)
const atOnce = 32

export async function openVectors(model: string): Promise<Vectors> {
  const embedder = await openOnnxEmbedder(fileURLToPath(new URL(model, models)))
  const file = join(tmpdir(), `plinth-bench-${embedder.digest.slice(-16)}.f32`)
  const keys = `${file}.keys`
  const size = embedder.dimensions
  const known = new Map<string, Float32Array>()
  if (existsSync(keys)) {
    const bytes = new Uint8Array(readFileSync(file))
    const all = new Float32Array(bytes.buffer)
    const names = readFileSync(keys, 'utf8').split('\n')
    for (const [i, name] of names.entries()) known.set(name, all.subarray(i * size, (i + 1) * size))
  }
  const before = known.size
  const embed = async (
    texts: readonly string[],
    kind: 'p' | 'q',
    work: (some: readonly string[]) => Promise<Float32Array[]>,
  ): Promise<Float32Array[]> => {
    const names = texts.map((text) => kind + createHash('sha256').update(text).digest('base64'))
    const missing = texts.filter((_, i) => !known.has(names[i]!))
    const missingNames = names.filter((name) => !known.has(name))
    for (let i = 0; i < missing.length; i += atOnce) {
      const made = await work(missing.slice(i, i + atOnce))
      for (const [k, vector] of made.entries()) known.set(missingNames[i + k]!, vector)
    }
    return names.map((name) => known.get(name)!)
  }
  return {
    passages: (texts) => embed(texts, 'p', (some) => embedder.embedPassages(some)),
    queries: (texts) =>
      embed(texts, 'q', (some) => Promise.all(some.map((text) => embedder.embedQuery(text)))),
    close: async () => {
      if (known.size > before) {
        writeFileSync(
          file,
          Buffer.concat([...known.values()].map((one) => new Uint8Array(one.slice().buffer))),
        )
        writeFileSync(keys, [...known.keys()].join('\n'))
      }
      await embedder.close()
    },
  }
}
