import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toPlinthError } from '#kernel'
import { type ModelConfig, readModelFolder } from './onnx/model-folder.ts'

export interface PinnedFile {
  /** Path in the repository of the hub. */
  path: string
  /** File name in the model folder. */
  name: string
  bytes: number
  /** SHA-256 in hexadecimal. */
  sha256: string
}

/** A model that `models pull` knows: one revision, each file with its checksum. */
export interface KnownModel {
  name: string
  summary: string
  repository: string
  /** Commit of the repository: a branch could change under us. */
  revision: string
  files: readonly PinnedFile[]
  config: Omit<ModelConfig, 'sha256' | 'name'>
}

/**
 * The int8 ONNX exports that the public hub serves. Sizes, checksums and revisions are those that the hub's file
 * listing states and that independent projects pin; both models leave pooling to us.
 */
export const knownModels: readonly KnownModel[] = [
  {
    name: 'all-minilm-l6-v2',
    summary: 'small English default',
    repository: 'Xenova/all-MiniLM-L6-v2',
    revision: '751bff37182d3f1213fa05d7196b954e230abad9',
    files: [
      {
        path: 'onnx/model_quantized.onnx',
        name: 'model_quantized.onnx',
        bytes: 22_972_370,
        sha256: 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1',
      },
      {
        path: 'tokenizer.json',
        name: 'tokenizer.json',
        bytes: 711_661,
        sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
      },
    ],
    config: {
      source: 'sentence-transformers/all-MiniLM-L6-v2',
      licence: 'Apache-2.0',
      languages: ['en'],
      dims: 384,
      pooling: 'mean',
      queryPrefix: '',
      passagePrefix: '',
      maxLength: 512,
      closingTokenId: 102,
      model: 'model_quantized.onnx',
      tokenizer: 'tokenizer.json',
    },
  },
  {
    name: 'multilingual-e5-small',
    summary: 'other languages and across languages',
    repository: 'Xenova/multilingual-e5-small',
    revision: '761b726dd34fb83930e26aab4e9ac3899aa1fa78',
    files: [
      {
        path: 'onnx/model_quantized.onnx',
        name: 'model_quantized.onnx',
        bytes: 118_308_185,
        sha256: 'f80102d3f2a1229f387d3c81909990d8945513e347b0eab049f7de3c6f98c193',
      },
      {
        path: 'tokenizer.json',
        name: 'tokenizer.json',
        bytes: 17_082_730,
        sha256: '0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39',
      },
    ],
    config: {
      source: 'intfloat/multilingual-e5-small',
      licence: 'MIT',
      languages: ['multilingual'],
      dims: 384,
      pooling: 'mean',
      queryPrefix: 'query: ',
      passagePrefix: 'passage: ',
      maxLength: 512,
      closingTokenId: 2,
      model: 'model_quantized.onnx',
      tokenizer: 'tokenizer.json',
    },
  },
]

/** Conversions of the known models that travel as folders, for air-gapped installations: their files by name. */
export const knownConversions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'all-minilm-l6-v2': {
    'model_int8.onnx': '8a475714938bbac278a647e7ebc13217a37d260bfe4de54bac66afd20e6aa7cf',
    'tokenizer.json': '5fd1c882abbd30517dced455a2c9768945ec726b96727927e4959348d9de550b',
  },
  'multilingual-e5-small': {
    'model_int8.onnx': '38465c36461693d7bfc0ee028828a093e24dc4bf7c86c1b30466c9566a6f2c5a',
    'tokenizer.json': 'd70d4e10e8e7e5afdf5d0119204be4d3c440469762d824a169db2705e6764ce0',
  },
}

/** Whether these files of a model are ones whose checksums stand in this table. */
export function isPinned(name: string, files: Readonly<Record<string, string>>): boolean {
  const known = knownModels.find((model) => model.name === name)
  const sets = [
    knownConversions[name],
    known && Object.fromEntries(known.files.map((file) => [file.name, file.sha256])),
  ]
  return sets.some((set) => set && Object.entries(set).every(([file, sum]) => files[file] === sum))
}

export interface ListedModel {
  name: string
  /** `ready`: can be opened; `damaged`: see problem; `available`: can be pulled. */
  state: 'ready' | 'damaged' | 'available'
  dimensions?: number
  languages?: readonly string[]
  licence?: string
  bytes?: number
  /** Digest of files and settings, as stored beside vectors. */
  digest?: string
  problem?: string
}

/** Models read at most from one folder. */
const maxModels = 200

/** The models in a models folder, each verified against its checksums, and those that can be pulled. */
export async function listModels(modelsDir: string): Promise<ListedModel[]> {
  const entries = await readdir(modelsDir, { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter(
      (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'),
    )
    .map((entry) => entry.name)
    .sort()
  const listed: ListedModel[] = []
  for (const name of names.slice(0, maxModels)) listed.push(await describe(modelsDir, name))
  for (const known of knownModels) {
    if (listed.some((one) => one.name === known.name)) continue
    const bytes = known.files.reduce((sum, file) => sum + file.bytes, 0)
    const { dims, languages, licence } = known.config
    listed.push({
      name: known.name,
      state: 'available',
      dimensions: dims,
      languages,
      bytes,
      ...(licence === undefined ? {} : { licence }),
    })
  }
  return listed
}

async function describe(modelsDir: string, name: string): Promise<ListedModel> {
  try {
    const { config, digest, bytes } = await readModelFolder(join(modelsDir, name))
    const { dims, languages, licence } = config
    return {
      name,
      state: 'ready',
      dimensions: dims,
      languages,
      bytes,
      digest,
      ...(licence === undefined ? {} : { licence }),
    }
  } catch (error) {
    return { name, state: 'damaged', problem: toPlinthError(error).message }
  }
}
