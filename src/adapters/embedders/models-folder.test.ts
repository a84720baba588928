import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClosableOutbound, createOutboundClient } from '../outbound/index.ts'
import { addModel } from './add.ts'
import { type KnownModel, knownModels, listModels } from './catalog.ts'
import { openOnnxEmbedder } from './onnx/index.ts'
import { pullKnown, pullModel, pullWithChecksums } from './pull.ts'

const source = resolve('../shared/models/all-minilm-l6-v2')
const commit = 'c'.repeat(40)
let root = ''
let server: Server
let hub = ''
let outbound: ClosableOutbound
let model: KnownModel
const bytes = new Map<string, Buffer>()
/** How many bytes the hub sends before it breaks off; 0: all. */
let cutAfter = 0
let ranges: string[] = []

beforeAll(async () => {
  if (!existsSync(source))
    throw new Error('These tests need the model in ../shared/models/all-minilm-l6-v2.')
  root = await mkdtemp(join(tmpdir(), 'plinth-models-'))
  bytes.set('/onnx/model_quantized.onnx', await readFile(join(source, 'model_int8.onnx')))
  bytes.set('/tokenizer.json', await readFile(join(source, 'tokenizer.json')))
  server = createServer((request, response) => {
    const url = request.url ?? ''
    if (url.startsWith(`/a/b/resolve/${commit}/`)) {
      response
        .writeHead(302, { location: `/storage/${url.slice(`/a/b/resolve/${commit}/`.length)}` })
        .end()
      return
    }
    const content = bytes.get(url.replace('/storage', ''))
    if (!content) return void response.writeHead(404).end()
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (from > 0) ranges.push(`${url} ${from}`)
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from })
    if (cutAfter === 0 || content.length - from <= cutAfter)
      return void response.end(content.subarray(from))
    response.write(content.subarray(from, from + cutAfter), () =>
      setTimeout(() => response.destroy(), 20),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  hub = `http://${host}`
  outbound = createOutboundClient({ allowPrivate: [host] })
  const known = knownModels[0]!
  model = {
    ...known,
    repository: 'a/b',
    revision: commit,
    files: known.files.map((file) => {
      const content = bytes.get(`/${file.path}`)!
      return {
        ...file,
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      }
    }),
  }
})
afterAll(async () => {
  await outbound.close()
  server.closeAllConnections()
  server.close()
  await rm(root, { recursive: true, force: true })
})
beforeEach(() => {
  cutAfter = 0
  ranges = []
})

const folder = () => mkdtemp(join(root, 'm-'))

describe('models pull', () => {
  it('fetches through redirects, goes on after a break, verifies, and installs at once [M2.models-pull]', async () => {
    const modelsDir = await folder()
    cutAfter = 10_000_000
    const seen: number[] = []
    const pulled = await pullKnown(model, {
      modelsDir,
      outbound,
      hub,
      onProgress: (p) => seen.push(p.received / p.total),
    })
    expect(ranges.length).toBeGreaterThan(0)
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(await readdir(modelsDir)).toEqual(['all-minilm-l6-v2'])
    const embedder = await openOnnxEmbedder(pulled.dir)
    expect(await embedder.embedQuery('hello')).toHaveLength(384)
    await embedder.close()
    await expect(pullKnown(model, { modelsDir, outbound, hub })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    const [first, second] = await listModels(modelsDir)
    expect(first).toMatchObject({
      name: 'all-minilm-l6-v2',
      state: 'ready',
      dimensions: 384,
      licence: 'Apache-2.0',
    })
    expect(second).toMatchObject({ name: 'multilingual-e5-small', state: 'available' })
  })

  it('keeps what arrived when it fails, and a later pull goes on from there [M2.models-pull-resume]', async () => {
    const modelsDir = await folder()
    cutAfter = 3_000_000
    await expect(pullKnown(model, { modelsDir, outbound, hub })).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
    })
    expect(existsSync(join(modelsDir, model.name))).toBe(false)
    cutAfter = 0
    ranges = []
    await pullKnown(model, { modelsDir, outbound, hub })
    expect(ranges).toHaveLength(1)
  })

  it('installs nothing whose bytes are not the pinned ones [M2.models-pull-checksum]', async () => {
    const modelsDir = await folder()
    const files = model.files.map((file) => ({ ...file, sha256: 'a'.repeat(64) }))
    await expect(
      pullKnown({ ...model, files }, { modelsDir, outbound, hub }),
    ).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect((await listModels(modelsDir)).every((one) => one.state === 'available')).toBe(true)
    await expect(pullModel('unknown-model', { modelsDir, outbound, hub })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    for (const known of knownModels) {
      expect(known.revision).toMatch(/^[0-9a-f]{40}$/)
      for (const file of known.files) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})

describe('models pull --sha256', () => {
  it('fetches what is in no table only against checksums that the caller names [M2.models-pull-named]', async () => {
    const modelsDir = await folder()
    bytes.set('/config.json', Buffer.from(JSON.stringify({ hidden_size: 384 })))
    const sums = ['onnx/model_quantized.onnx', 'tokenizer.json', 'config.json'].map((path) => {
      const sum = createHash('sha256')
        .update(bytes.get(`/${path}`)!)
        .digest('hex')
      return [path, sum] as const
    })
    const named = {
      name: 'mine',
      repository: 'a/b',
      revision: commit,
      sha256: Object.fromEntries(sums),
    }
    const options = { modelsDir, outbound, hub }
    const wrong = { ...named, sha256: { ...named.sha256, 'tokenizer.json': 'b'.repeat(64) } }
    await expect(pullWithChecksums(wrong, options)).rejects.toMatchObject({ code: 'INTEGRITY' })
    const missing = { ...named, sha256: { 'tokenizer.json': 'b'.repeat(64) } }
    await expect(pullWithChecksums(missing, options)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    for (const path of ['modeling.py', 'pytorch_model.bin', 'weights.pt', 'run.sh', 'a.json.exe']) {
      const more = { ...named, sha256: { ...named.sha256, [path]: 'b'.repeat(64) } }
      await expect(pullWithChecksums(more, options)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/is not fetched/),
      })
    }
    await expect(pullWithChecksums({ ...named, revision: 'main' }, options)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/a commit/),
    })
    expect(await pullWithChecksums(named, options)).toMatchObject({
      dimensions: 384,
      pinned: false,
    })
    expect(await readdir(modelsDir)).toEqual(['mine'])
  })
})

describe('models add', () => {
  it('takes a folder, a .tar.gz and a .zip, and knows the files it has checksums of [M2.models-add]', async () => {
    const modelsDir = await folder()
    const first = await addModel('all-minilm-l6-v2', source, { modelsDir })
    expect(first).toMatchObject({ dimensions: 384, pinned: true })
    const tgz = join(root, 'model.tar.gz')
    execFileSync('tar', ['-czf', tgz, '-C', resolve('../shared/models'), 'all-minilm-l6-v2'])
    expect(await addModel('mini-tar', tgz, { modelsDir })).toMatchObject({
      digest: first.digest,
      pinned: false,
    })
    const zip = join(root, 'model.zip')
    const entries = Object.fromEntries(
      await Promise.all(
        (await readdir(source)).map(async (name) => [
          name,
          [await readFile(join(source, name)), { level: 0 }],
        ]),
      ),
    )
    await writeFile(zip, zipSync({ ...entries, '../evil.txt': new Uint8Array([1]) }))
    expect(await addModel('mini-zip', zip, { modelsDir })).toMatchObject({ digest: first.digest })
    expect(existsSync(join(root, 'evil.txt'))).toBe(false)
    expect((await readdir(modelsDir)).sort()).toEqual(['all-minilm-l6-v2', 'mini-tar', 'mini-zip'])
  })

  it('reads the hub’s layout, with what it says of length and pooling [M2.models-add-hub]', async () => {
    const [modelsDir, from] = [await folder(), await folder()]
    await mkdir(join(from, 'onnx'))
    await cp(join(source, 'model_int8.onnx'), join(from, 'onnx/model_quantized.onnx'))
    await cp(join(source, 'tokenizer.json'), join(from, 'tokenizer.json'))
    await writeFile(
      join(from, 'config.json'),
      JSON.stringify({ hidden_size: 384, max_position_embeddings: 512, model_type: 'bert' }),
    )
    await writeFile(join(from, 'tokenizer_config.json'), JSON.stringify({ model_max_length: 256 }))
    const { dir } = await addModel('some-e5-model', from, { modelsDir })
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).toMatchObject({
      dims: 384,
      maxLength: 256,
      pooling: 'mean',
      queryPrefix: 'query: ',
      model: 'model_quantized.onnx',
      sha256: { 'tokenizer.json': expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })

  it('refuses what is no working model, and leaves nothing behind [M2.models-add-faults]', async () => {
    const [modelsDir, from] = [await folder(), await folder()]
    await expect(addModel('x', join(root, 'absent'), { modelsDir })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(addModel('../x', source, { modelsDir })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(addModel('x', from, { modelsDir })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await writeFile(join(root, 'no-archive'), 'plain text')
    await expect(addModel('x', join(root, 'no-archive'), { modelsDir })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await cp(source, from, { recursive: true })
    const config = JSON.parse(await readFile(join(from, 'config.json'), 'utf8'))
    await writeFile(join(from, 'config.json'), JSON.stringify({ ...config, dims: 128 }))
    await expect(addModel('x', from, { modelsDir })).rejects.toMatchObject({
      message: expect.stringContaining('384 dimensions'),
    })
    expect(await readdir(modelsDir)).toEqual([])
  })
})
