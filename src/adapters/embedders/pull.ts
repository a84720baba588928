import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PlinthError, toPlinthError } from '#kernel'
import type { OutboundClient, OutboundResponse } from '#ports'
import { type AddedModel, type AddOptions, addModel } from './add.ts'
import { type KnownModel, knownModels, type PinnedFile } from './catalog.ts'
import { hashOfFile } from './onnx/model-folder.ts'
import { place } from './place.ts'

export interface PullProgress {
  file: string
  /** Bytes of all files that are here, and of all there will be (0 where that is not known). */
  received: number
  total: number
}

export interface PullOptions {
  modelsDir: string
  outbound: OutboundClient
  /** The hub's address; a mirror inside the company takes its place. */
  hub?: string
  onProgress?: (progress: PullProgress) => void
  signal?: AbortSignal
  /** Milliseconds until the first byte; short for a try in the background. */
  firstByteMs?: number
  /** Replaces a model of this name that is there already. */
  replace?: boolean
}

const maxRedirects = 5
const attempts = 3
const maxFileBytes = 8 * 1024 * 1024 * 1024

/**
 * Fetches a known model by name into the models folder. Files arrive beside it, go on where a broken try stopped, are
 * checked against their pinned SHA-256 and take their place together. Throws NOT_FOUND for a name that is
 * not known, CONFLICT where the model is there, INTEGRITY for other bytes, UPSTREAM_* where the hub fails.
 */
export async function pullModel(
  name: string,
  options: PullOptions,
): Promise<{ dir: string; bytes: number }> {
  const known = knownModels.find((model) => model.name === name)
  if (!known) {
    const names = knownModels.map((model) => model.name).join(', ')
    throw new PlinthError('NOT_FOUND', {
      detail: `No checksums are known for a model ${name}, so it is not fetched.`,
      remedy: `Pull one of ${names}; name the files’ checksums with --sha256; or add a folder with \`plinth models add\`.`,
    })
  }
  return pullKnown(known, options)
}

/** Fetches a model whose files are pinned by the caller. */
export async function pullKnown(
  model: KnownModel,
  options: PullOptions,
): Promise<{ dir: string; bytes: number }> {
  const target = join(options.modelsDir, model.name)
  if (!options.replace && (await stat(target).catch(() => undefined))) {
    throw new PlinthError('CONFLICT', {
      detail: `The model ${model.name} is there already.`,
      where: target,
      remedy: 'Remove it first, or replace it.',
    })
  }
  const staging = join(options.modelsDir, `.pull-${model.name}`)
  await mkdir(staging, { recursive: true })
  const total = model.files.reduce((sum, file) => sum + file.bytes, 0)
  let before = 0
  for (const file of model.files) {
    await fetchFile(model, file, {
      ...options,
      staging,
      report: (received) =>
        options.onProgress?.({ file: file.name, received: before + received, total }),
    })
    before += file.bytes
  }
  const sha256 = Object.fromEntries(model.files.map((file) => [file.name, file.sha256]))
  const config = { name: model.name, ...model.config, sha256 }
  await writeFile(join(staging, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  await place(staging, target)
  return { dir: target, bytes: total }
}

export interface NamedChecksums {
  name: string
  /** `owner/name` on the hub, and a commit of it. */
  repository: string
  revision: string
  /** SHA-256 by path in the repository: an ONNX model, `tokenizer.json` and `config.json` at least. */
  sha256: Readonly<Record<string, string>>
}

/** Fetches a model that is not in the table, each file against the checksum that the caller names, and adds it. */
export async function pullWithChecksums(
  model: NamedChecksums,
  options: PullOptions &
    Pick<AddOptions, 'queryPrefix' | 'passagePrefix' | 'pooling' | 'maxLength'>,
): Promise<AddedModel> {
  const paths = Object.keys(model.sha256)
  const needed = ['tokenizer.json', 'config.json'].filter((path) => !paths.includes(path))
  if (needed.length > 0 || !paths.some((path) => path.endsWith('.onnx'))) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'Checksums are needed for the ONNX file, tokenizer.json and config.json.',
      remedy: 'Name each with --sha256 PATH=HEX.',
    })
  }
  requirePinned(model)
  const staging = join(options.modelsDir, `.pull-${model.name}`)
  const source = { repository: model.repository, revision: model.revision }
  let before = 0
  for (const [path, sha256] of Object.entries(model.sha256)) {
    await mkdir(dirname(join(staging, path)), { recursive: true })
    let last = 0
    const report = (received: number) => {
      last = received
      options.onProgress?.({ file: path, received: before + received, total: 0 })
    }
    await fetchFile(source, { path, name: path, bytes: 0, sha256 }, { ...options, staging, report })
    before += last
  }
  const added = await addModel(model.name, staging, options)
  await rm(staging, { recursive: true, force: true })
  return added
}

/** Weights that hold nothing but numbers, and the texts beside them: nothing of it can be run, by anybody. */
const fileKinds = /(\.(onnx|onnx_data|safetensors|json|txt|md|model)|(^|\/)(LICENSE|NOTICE))$/

function requirePinned({ revision, sha256 }: NamedChecksums): void {
  if (!/^[0-9a-f]{40}$/.test(revision)) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `${revision} is not a commit: a branch or tag can be moved.`,
      remedy: 'Name the commit in full, 40 hexadecimal digits, as the hub shows it.',
    })
  }
  for (const [path, sum] of Object.entries(sha256)) {
    const safe = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){0,3}$/.test(path) && !path.includes('..')
    if (!safe || !/^[0-9a-f]{64}$/.test(sum)) {
      throw new PlinthError(
        'INVALID_INPUT',
        `${path}=${sum} is not a path and a SHA-256 in lower-case hexadecimal.`,
      )
    }
    if (!fileKinds.test(path)) {
      throw new PlinthError('INVALID_INPUT', {
        detail: `${path} is not fetched: only ONNX and safetensors, tokenizers, configurations and licences are.`,
        remedy: 'Leave it out. Pickles (.bin, .pt) and code can run as they are read.',
      })
    }
  }
}

interface Fetching extends PullOptions {
  staging: string
  report(received: number): void
}

async function fetchFile(
  model: Pick<KnownModel, 'repository' | 'revision'>,
  file: PinnedFile,
  at: Fetching,
): Promise<void> {
  const done = join(at.staging, file.name)
  if ((await hashOf(done)).digest('hex') === file.sha256) return at.report(file.bytes)
  const part = `${done}.part`
  const hub = (at.hub ?? 'https://huggingface.co').replace(/\/+$/, '')
  const url = `${hub}/${model.repository}/resolve/${model.revision}/${file.path}`
  for (let attempt = 1; ; attempt++) {
    try {
      const sum = await download(url, part, { file, at })
      if (sum === file.sha256) return await rename(part, done)
      await rm(part, { force: true })
      throw new PlinthError('INTEGRITY', {
        detail: `The hub sent other bytes for ${file.path}: SHA-256 ${sum}, expected ${file.sha256}.`,
        remedy: 'Nothing was installed. Check the hub’s address and the proxy, then pull again.',
      })
    } catch (thrown) {
      const error = toPlinthError(thrown)
      const passing = error.code === 'UPSTREAM_FAILED' || error.code === 'UPSTREAM_TIMEOUT'
      if (!passing || attempt >= attempts) throw error
    }
  }
}

/** Downloads into `part`, going on at its end; returns the SHA-256 of the whole. */
async function download(
  url: string,
  part: string,
  on: { file: PinnedFile; at: Fetching },
): Promise<string> {
  const { file, at } = on
  let have = (await stat(part).catch(() => undefined))?.size ?? 0
  if (file.bytes > 0 && have > file.bytes) {
    await rm(part, { force: true })
    have = 0
  }
  if (file.bytes > 0 && have === file.bytes) return (await hashOf(part)).digest('hex')
  const response = await follow(url, have, at)
  if (response.status === 416 && have > 0) {
    await rm(part, { force: true })
    throw new PlinthError('UPSTREAM_FAILED', `The hub cannot go on with ${file.path}.`)
  }
  if (response.status !== 200 && response.status !== 206) {
    throw new PlinthError(response.status >= 500 ? 'UPSTREAM_FAILED' : 'NOT_FOUND', {
      detail: `The hub answered ${response.status} for ${file.path}.`,
      remedy: 'Check the hub’s address, the repository and the revision.',
    })
  }
  const resumed = response.status === 206 && have > 0
  const hash = resumed ? await hashOf(part) : createHash('sha256')
  let received = resumed ? have : 0
  const handle = await open(part, resumed ? 'a' : 'w')
  try {
    for await (const chunk of response.body) {
      received += chunk.byteLength
      if (file.bytes > 0 && received > file.bytes)
        throw new PlinthError(
          'INTEGRITY',
          `The hub sent more than ${file.bytes} bytes for ${file.path}.`,
        )
      hash.update(chunk)
      await handle.writeFile(chunk)
      at.report(received)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (received < file.bytes)
    throw new PlinthError('UPSTREAM_FAILED', `The hub broke off in ${file.path}.`)
  return hash.digest('hex')
}

/** A GET that follows the hub's redirects to its storage; each hop is checked by the outbound client. */
async function follow(url: string, from: number, at: Fetching): Promise<OutboundResponse> {
  let address = url
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const response = await at.outbound.request({
      method: 'GET',
      url: address,
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      timeouts: { totalMs: 3_600_000, firstByteMs: at.firstByteMs ?? 30_000, idleMs: 30_000 },
      maxBytes: maxFileBytes,
      ...(at.signal === undefined ? {} : { signal: at.signal }),
    })
    const { location } = response.headers
    if (response.status < 300 || response.status >= 400 || location === undefined) return response
    for await (const _ of response.body) break
    const next = URL.parse(location, address)
    if (!next || (next.protocol === 'http:' && address.startsWith('https:'))) {
      throw new PlinthError('UPSTREAM_BLOCKED', 'The hub redirects to an address that is not safe.')
    }
    address = next.href
  }
  throw new PlinthError('UPSTREAM_FAILED', 'The hub redirects in circles.')
}

/** The hash of a file's bytes so far; of nothing where there is none. */
async function hashOf(path: string): Promise<Hash> {
  const there = (await stat(path).catch(() => undefined))?.isFile()
  return there ? hashOfFile(path) : createHash('sha256')
}
