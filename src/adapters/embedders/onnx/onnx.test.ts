import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { dot, embedderKit } from '../../../../conformance/embedder/kit.ts'
import { openOnnxEmbedder } from './index.ts'

const dir = resolve('../shared/models/all-minilm-l6-v2')

beforeAll(() => {
  if (!existsSync(dir))
    throw new Error('These tests need the model in ../shared/models/all-minilm-l6-v2.')
})

embedderKit('onnx all-minilm-l6-v2', () => openOnnxEmbedder(dir))

describe('the ONNX embedder', () => {
  const made: string[] = []
  const copy = async () => {
    const to = await mkdtemp(join(tmpdir(), 'plinth-model-'))
    made.push(to)
    await cp(dir, to, { recursive: true })
    return to
  }
  afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))))

  it('answers a question before passages that wait [M2.embedder-queries-first]', async () => {
    const embedder = await openOnnxEmbedder(dir)
    await embedder.embedQuery('warm')
    const order: string[] = []
    const passages = embedder
      .embedPassages(Array.from({ length: 60 }, (_, i) => `passage ${i} `.repeat(20)))
      .then(() => order.push('passages'))
    await embedder.embedQuery('question').then(() => order.push('question'))
    await passages
    expect(order).toEqual(['question', 'passages'])
    await embedder.close()
  })

  it('lets the model go when idle, and loads it again with the next text [M2.embedder-idle]', async () => {
    const ended = vi.spyOn(Worker.prototype, 'terminate')
    const embedder = await openOnnxEmbedder(dir, { idleMs: 1 })
    const before = await embedder.embedQuery('once')
    await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1), { timeout: 60_000 })
    expect(await embedder.embedQuery('once')).toEqual(before)
    ended.mockRestore()
    await embedder.close()
  })

  it('refuses a file that does not match its checksum [M2.embedder-integrity]', async () => {
    const to = await copy()
    const tokenizer = await readFile(join(to, 'tokenizer.json'))
    await writeFile(join(to, 'tokenizer.json'), tokenizer.subarray(0, -1))
    await expect(openOnnxEmbedder(to)).rejects.toMatchObject({ code: 'INTEGRITY' })
    await rm(join(to, 'config.json'))
    await expect(openOnnxEmbedder(to)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('pools token vectors itself where the graph does not, and keeps such vectors apart [M2.embedder-pooling]', async () => {
    const to = await copy()
    const config = JSON.parse(await readFile(join(to, 'config.json'), 'utf8'))
    const own = { ...config, output: 'last_hidden_state', passagePrefix: 'passage: ' }
    await writeFile(join(to, 'config.json'), JSON.stringify(own))
    const [graph, pooled] = await Promise.all([openOnnxEmbedder(dir), openOnnxEmbedder(to)])
    expect(pooled.digest).not.toBe(graph.digest)
    const [a] = await pooled.embedPassages(['some text'])
    const [b] = await graph.embedPassages(['passage: some text'])
    expect(dot(a!, b!)).toBeCloseTo(1, 5)
    await Promise.all([graph.close(), pooled.close()])
  })

  it('says what is wrong with a model that cannot run, and recovers nothing silently [M2.embedder-fault]', async () => {
    const to = await copy()
    await writeFile(join(to, 'model_int8.onnx'), 'no model')
    const config = JSON.parse(await readFile(join(to, 'config.json'), 'utf8'))
    await writeFile(join(to, 'config.json'), JSON.stringify({ ...config, sha256: {} }))
    const embedder = await openOnnxEmbedder(to)
    await expect(embedder.embedQuery('x')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('all-minilm-l6-v2'),
    })
    await expect(embedder.embedQuery('y')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await embedder.close()
  })
})
