import { createHash, type Hash } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { digestOf, PlinthError } from '#kernel'

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/, 'a plain file name')

/** `config.json` of a model folder: what must be known to run the model as it was trained. */
export const modelConfig = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  source: z.string().max(500).optional(),
  licence: z.string().max(200).optional(),
  languages: z.array(z.string().max(40)).max(200).default([]),
  dims: z.number().int().min(1).max(8_192),
  /** Which of the graph’s outputs is read; absent: `sentence_embedding` where there is one, else token vectors. */
  output: z.string().max(200).optional(),
  /** How token vectors become one; unused where the graph has an output `sentence_embedding`. */
  pooling: z.enum(['mean', 'cls']).default('mean'),
  /** Put before a question and before a passage: part of the model where it was trained so. */
  queryPrefix: z.string().max(500).default(''),
  passagePrefix: z.string().max(500).default(''),
  /** Tokens that the model reads; longer texts are cut. */
  maxLength: z.number().int().min(8).max(32_768).default(512),
  /** Token that closes a cut text; absent: the last of an uncut one. */
  closingTokenId: z.number().int().min(0).optional(),
  model: fileName,
  tokenizer: fileName.default('tokenizer.json'),
  sha256: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).default({}),
})

export type ModelConfig = z.output<typeof modelConfig>

export interface ModelFolder {
  dir: string
  config: ModelConfig
  /** Of files and settings that shape a vector: vectors of different digests are never mixed. */
  digest: string
  bytes: number
}

/**
 * Reads and verifies a model folder. Throws NOT_FOUND without a `config.json` or file, INVALID_INPUT for a config of
 * another shape, INTEGRITY where a file does not match the checksum in it.
 */
export async function readModelFolder(dir: string): Promise<ModelFolder> {
  const config = await readConfig(dir)
  const files: Record<string, string> = {}
  let bytes = 0
  for (const name of [config.model, config.tokenizer]) {
    const path = join(dir, name)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) {
      throw new PlinthError('NOT_FOUND', {
        detail: `The model folder has no file ${name}.`,
        where: dir,
      })
    }
    bytes += found.size
    files[name] = await sha256OfFile(path)
    const expected = config.sha256[name]
    if (expected !== undefined && expected !== files[name]) {
      throw new PlinthError('INTEGRITY', {
        detail: `The model file ${name} does not match its checksum: it has ${files[name]}, expected ${expected}.`,
        where: path,
        remedy: 'Pull or add the model again.',
      })
    }
  }
  const { pooling, queryPrefix, passagePrefix, maxLength, closingTokenId, output } = config
  const settings = {
    pooling,
    queryPrefix,
    passagePrefix,
    maxLength,
    closingTokenId: closingTokenId ?? null,
    output: output ?? null,
  }
  return { dir, config, digest: digestOf({ files, settings }), bytes }
}

async function readConfig(dir: string): Promise<ModelConfig> {
  const path = join(dir, 'config.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) {
    throw new PlinthError('NOT_FOUND', {
      detail: 'There is no config.json in this model folder.',
      where: dir,
      remedy: 'Add the model with `plinth models add NAME PATH`, which writes one.',
    })
  }
  const parsed = modelConfig.safeParse(jsonOf(text, path))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new PlinthError('INVALID_INPUT', {
    detail: `The model’s config.json is not valid: ${issue?.path.join('.')}: ${issue?.message}.`,
    where: path,
  })
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'The model’s config.json is no JSON.',
      where,
      cause,
    })
  }
}

/** SHA-256 of a file in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  return (await hashOfFile(path)).digest('hex')
}

const readBytes = 256 * 1_024

/** The hash of a file's bytes, read through one buffer: a stream leaves behind one for every piece of a large file. */
export async function hashOfFile(path: string): Promise<Hash> {
  const hash = createHash('sha256')
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafeSlow(readBytes)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readBytes)
      if (bytesRead === 0) return hash
      hash.update(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
