import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { PlinthError } from '#kernel'
import { unpack } from './archive.ts'
import { isPinned } from './catalog.ts'
import { openOnnxEmbedder } from './onnx/index.ts'
import { type ModelConfig, modelConfig, sha256OfFile } from './onnx/model-folder.ts'
import { place } from './place.ts'

export interface AddOptions {
  modelsDir: string
  replace?: boolean
  /** What a folder without our `config.json` may not tell: how the model was trained. */
  queryPrefix?: string
  passagePrefix?: string
  pooling?: 'mean' | 'cls'
  maxLength?: number
}

export interface AddedModel {
  dir: string
  dimensions: number
  digest: string
  sha256: Record<string, string>
  /** The files are the ones whose checksums Plinth knows under this name. */
  pinned: boolean
}

/**
 * Takes a model from a folder or archive into the models folder: finds its files, tries it on two texts, writes
 * `config.json` with their checksums, and puts it in its place. Understands our own layout and the hub's (`tokenizer.json`
 * with `onnx/model_quantized.onnx`, `onnx/model.onnx` or `model.onnx`).
 */
export async function addModel(
  name: string,
  source: string,
  options: AddOptions,
): Promise<AddedModel> {
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(name)) {
    throw new PlinthError(
      'INVALID_INPUT',
      `A model’s name has lower-case letters, digits, "-" and "."; not ${name}.`,
    )
  }
  const target = join(options.modelsDir, name)
  if (!options.replace && (await exists(target))) {
    const remedy = 'Remove it first, or replace it.'
    throw new PlinthError('CONFLICT', {
      detail: `The model ${name} is there already.`,
      where: target,
      remedy,
    })
  }
  await mkdir(options.modelsDir, { recursive: true })
  const work = await mkdtemp(join(options.modelsDir, '.add-'))
  try {
    const from = await folderOf(source, join(work, 'unpacked'))
    const staging = join(work, 'model')
    await mkdir(staging)
    const sha256 = await stage(name, from, { staging, options })
    const { dimensions, digest } = await tryOut(staging)
    await place(staging, target)
    return { dir: target, dimensions, digest, sha256, pinned: isPinned(name, sha256) }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function folderOf(source: string, unpacked: string): Promise<string> {
  const found = await stat(source).catch(() => undefined)
  if (!found)
    throw new PlinthError('NOT_FOUND', {
      detail: 'There is no such file or folder.',
      where: source,
    })
  if (found.isDirectory()) return source
  await mkdir(unpacked)
  await unpack(source, unpacked)
  // Archives often hold one folder with everything in it.
  const entries = await readdir(unpacked, { withFileTypes: true })
  return entries.length === 1 && entries[0]!.isDirectory()
    ? join(unpacked, entries[0]!.name)
    : unpacked
}

/** Copies the files that count, with a config.json of our own shape; returns their checksums. */
async function stage(
  name: string,
  from: string,
  at: { staging: string; options: AddOptions },
): Promise<Record<string, string>> {
  const { staging, options } = at
  const own = modelConfig.safeParse(await json(join(from, 'config.json')))
  const files = own.success
    ? { model: own.data.model, tokenizer: own.data.tokenizer }
    : { model: await onnxIn(from), tokenizer: 'tokenizer.json' }
  const base = own.success ? own.data : await hubConfig(name, from)
  const config: ModelConfig = {
    ...base,
    name,
    model: basename(files.model),
    tokenizer: files.tokenizer,
    ...pick(options),
  }
  const sha256: Record<string, string> = {}
  for (const file of [files.model, files.tokenizer]) {
    const path = join(from, file)
    if (!(await exists(path))) {
      throw new PlinthError('NOT_FOUND', { detail: `The model has no file ${file}.`, where: from })
    }
    const to = join(staging, basename(file))
    await copyFile(path, to)
    sha256[basename(file)] = await sha256OfFile(to)
    const expected = config.sha256[basename(file)]
    if (expected !== undefined && expected !== sha256[basename(file)]) {
      throw new PlinthError('INTEGRITY', {
        detail: `${file} does not match the checksum in the model’s config.json.`,
        where: from,
        remedy: 'Copy the model again from where it came from.',
      })
    }
  }
  for (const licence of ['LICENSE', 'LICENSE.txt', 'LICENSE.md']) {
    if (await exists(join(from, licence)))
      await copyFile(join(from, licence), join(staging, 'LICENSE'))
  }
  await writeFile(
    join(staging, 'config.json'),
    `${JSON.stringify({ ...config, sha256 }, null, 2)}\n`,
  )
  return sha256
}

function pick(options: AddOptions): Partial<ModelConfig> {
  const { queryPrefix, passagePrefix, pooling, maxLength } = options
  return Object.fromEntries(
    Object.entries({ queryPrefix, passagePrefix, pooling, maxLength }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}

const onnxFiles = [
  'onnx/model_quantized.onnx',
  'onnx/model_int8.onnx',
  'onnx/model.onnx',
  'model_quantized.onnx',
  'model_int8.onnx',
  'model.onnx',
]

async function onnxIn(from: string): Promise<string> {
  for (const file of onnxFiles) if (await exists(join(from, file))) return file
  throw new PlinthError('NOT_FOUND', {
    detail: 'The folder holds no ONNX model.',
    where: from,
    remedy: `Looked for ${onnxFiles.join(', ')}.`,
  })
}

const transformerConfig = z.object({
  hidden_size: z.number().int().positive(),
  max_position_embeddings: z.number().int().positive().optional(),
  model_type: z.string().optional(),
})

/** What the hub's own files tell about a sentence-transformers model. */
async function hubConfig(name: string, from: string): Promise<ModelConfig> {
  const read = transformerConfig.safeParse(await json(join(from, 'config.json')))
  if (!read.success) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'The model’s config.json tells neither "dims" nor "hidden_size".',
      where: from,
    })
  }
  const pooling = (await json(join(from, '1_Pooling/config.json'))) as
    | { pooling_mode_cls_token?: unknown }
    | undefined
  const tokens = (await json(join(from, 'tokenizer_config.json'))) as
    | { model_max_length?: unknown }
    | undefined
  // RoBERTa keeps two positions for itself.
  const positions =
    (read.data.max_position_embeddings ?? 512) -
    (/roberta/.test(read.data.model_type ?? '') ? 2 : 0)
  const stated = typeof tokens?.model_max_length === 'number' ? tokens.model_max_length : positions
  const e5 = /(?:^|-)e5(?:-|$)/.test(name)
  return modelConfig.parse({
    name,
    dims: read.data.hidden_size,
    pooling: pooling?.pooling_mode_cls_token === true ? 'cls' : 'mean',
    maxLength: Math.max(8, Math.min(512, stated, positions)),
    // The E5 family was trained with these words before each text.
    queryPrefix: e5 ? 'query: ' : '',
    passagePrefix: e5 ? 'passage: ' : '',
    model: 'model.onnx',
  })
}

/** Runs the staged model: it must give vectors of the stated length that tell two texts apart. */
async function tryOut(staging: string): Promise<{ dimensions: number; digest: string }> {
  const embedder = await openOnnxEmbedder(staging)
  try {
    const [a, b] = await embedder.embedPassages([
      'The notice period is three months.',
      'Penguins swim.',
    ])
    const same = a!.every((value, i) => Math.abs(value - b![i]!) < 1e-6)
    if (same)
      throw new PlinthError('INVALID_INPUT', 'The model gives the same vector for every text.')
    return { dimensions: embedder.dimensions, digest: embedder.digest }
  } finally {
    await embedder.close()
  }
}

async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
