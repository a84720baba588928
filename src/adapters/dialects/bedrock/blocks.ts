import type { CallPart, JsonObject, MediaSource } from '#ports'
import { defined, type Fields, isObject, parsed } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'

export const family = 'bedrock'

const documents: Readonly<Record<string, string>> = {
  ...{ pdf: 'application/pdf', csv: 'text/csv', html: 'text/html', txt: 'text/plain' },
  ...{ md: 'text/markdown', doc: 'application/msword', xls: 'application/vnd.ms-excel' },
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}
const images = ['png', 'jpeg', 'gif', 'webp']

/** Content blocks. A cache point marks the block before it. */
export function partsOf(blocks: readonly Fields[]): CallPart[] {
  const parts: CallPart[] = []
  for (const block of blocks) {
    const point = block.object('cachePoint')
    const last = parts.at(-1)
    if (point && last && last.type !== 'opaque' && !last.cache)
      last.cache = defined({ ttl: point.string('ttl') })
    else parts.push(partOf(block))
  }
  return parts
}

function partOf(block: Fields): CallPart {
  const text = block.string('text')
  if (text !== undefined) return { type: 'text', text }
  const image = block.object('image')
  const source = image && sourceOf(image, `image/${image.string('format')}`)
  if (image && source) return { type: 'image', source }
  const document = block.object('document')
  if (document) {
    const mediaType = documents[document.string('format') ?? 'txt'] ?? 'application/octet-stream'
    const from = sourceOf(document, mediaType)
    const name = document.string('name')
    if (from) return defined({ type: 'file' as const, source: from, name, extra: restOf(document) })
  }
  const use = block.object('toolUse')
  if (use) {
    const id = use.needString('toolUseId')
    const name = use.needString('name')
    return { type: 'tool-call', id, name, arguments: JSON.stringify(use.raw('input') ?? {}) }
  }
  const result = block.object('toolResult')
  if (result) return resultOf(result)
  const thought = block.object('reasoningContent')
  return thought ? thoughtOf(thought) : { type: 'opaque', family, value: block.whole() }
}

function restOf(fields: Fields) {
  for (const known of ['format', 'name', 'source']) fields.raw(known)
  return fields.rest(family)
}

function sourceOf(block: Fields, mediaType: string): MediaSource | undefined {
  const source = block.object('source')
  const data = source?.string('bytes')
  if (data !== undefined) return { kind: 'bytes', mediaType, data }
  const plain = source?.string('text')
  if (plain !== undefined)
    return { kind: 'bytes', mediaType, data: Buffer.from(plain, 'utf8').toString('base64') }
  const uri = source?.object('s3Location')?.string('uri')
  return uri === undefined ? undefined : { kind: 'url', url: uri }
}

function resultOf(result: Fields): CallPart {
  const content = (result.objects('content') ?? []).map((one): CallPart => {
    const json = one.raw('json')
    return json === undefined ? partOf(one) : { type: 'text', text: JSON.stringify(json) }
  })
  const isError = result.string('status') === 'error' ? true : undefined
  return defined({
    type: 'tool-result' as const,
    callId: result.needString('toolUseId'),
    content,
    isError,
  })
}

function thoughtOf(thought: Fields): CallPart {
  const encrypted = thought.string('redactedContent')
  if (encrypted !== undefined) return { type: 'reasoning', text: '', signedBy: family, encrypted }
  const told = thought.object('reasoningText')
  const signature = told?.string('signature')
  const signed = signature === undefined ? {} : { signedBy: family, signature }
  return { type: 'reasoning', text: told?.string('text') ?? '', ...signed }
}

interface At {
  losses: Losses
  path: string
  /** Thoughts that nobody signed are shown in answers, but cannot be told in requests. */
  shown: boolean
}

/** A part as blocks: itself, and its cache point. */
export function blocksFor(part: CallPart, at: At): JsonObject[] {
  const { losses, path } = at
  if (part.type === 'opaque') {
    if (part.family === family) return [{ ...part.value }]
    losses.add(path, 'meaning', `Only ${part.family} knows this content.`)
    return []
  }
  const block = blockFor(part, at)
  if (part.type !== 'file') losses.own(part.extra, family, path)
  if (!block) return []
  return part.cache ? [block, cachePoint(part.cache)] : [block]
}

export function cachePoint({ ttl }: { ttl?: string }): JsonObject {
  return { cachePoint: defined({ type: 'default', ttl }) }
}

function blockFor(part: Exclude<CallPart, { type: 'opaque' }>, at: At): JsonObject | undefined {
  const { losses, path } = at
  if (part.type === 'text') return part.text === '' ? undefined : { text: part.text }
  if (part.type === 'refusal') {
    losses.add(path, 'changed', 'A refusal is told as text.')
    return { text: part.text }
  }
  if (part.type === 'tool-call')
    return { toolUse: { toolUseId: part.id, name: part.name, input: inputFor(part.arguments, at) } }
  if (part.type === 'tool-result') return { toolResult: resultFor(part, at) }
  if (part.type === 'reasoning') return thoughtFor(part, at)
  if (part.type === 'image') return imageFor(part, at)
  if (part.type === 'file') return documentFor(part, at)
  losses.add(path, 'meaning', `There is no content of type "${part.type}".`)
  return undefined
}

export function inputFor(text: string, at: { losses: Losses; path: string }): unknown {
  const value = text.trim() === '' ? {} : parsed(text)
  if (isObject(value)) return value
  at.losses.add(`${at.path}/arguments`, 'changed', 'Arguments that are no JSON object are wrapped.')
  return { arguments: value ?? text }
}

function resultFor(part: CallPart & { type: 'tool-result' }, at: At): JsonObject {
  const content = part.content.flatMap((one, i) =>
    blocksFor(one, { ...at, path: `${at.path}/content/${i}` }),
  )
  return defined({
    toolUseId: part.callId,
    content,
    status: part.isError ? 'error' : undefined,
  })
}

function thoughtFor(part: CallPart & { type: 'reasoning' }, at: At): JsonObject | undefined {
  const { text, signedBy, signature, encrypted } = part
  const own = signedBy === family
  if (!own && !(at.shown && signedBy === undefined)) {
    const owner = signedBy ?? 'another model'
    at.losses.add(at.path, 'changed', `Thoughts of ${owner} cannot be told to this one.`)
    if (!at.shown) return undefined
  }
  if (own && encrypted !== undefined) return { reasoningContent: { redactedContent: encrypted } }
  return {
    reasoningContent: { reasoningText: defined({ text, signature: own ? signature : undefined }) },
  }
}

function placeFor(source: MediaSource): JsonObject | undefined {
  if (source.kind === 'bytes') return { bytes: source.data }
  return source.kind === 'url' && source.url.startsWith('s3://')
    ? { s3Location: { uri: source.url } }
    : undefined
}

function imageFor(
  part: CallPart & { type: 'image' },
  { losses, path }: At,
): JsonObject | undefined {
  const type = part.source.kind === 'bytes' ? part.source.mediaType.replace('image/', '') : 'png'
  const format = type === 'jpg' ? 'jpeg' : type
  const source = placeFor(part.source)
  if (part.detail !== undefined)
    losses.add(`${path}/detail`, 'changed', 'How closely an image is looked at cannot be said.')
  if (source && images.includes(format)) {
    if (part.source.kind === 'url') losses.add(path, 'changed', 'An image of S3 is told as PNG.')
    return { image: { format, source } }
  }
  losses.add(path, 'meaning', 'Images are sent as PNG, JPEG, GIF or WebP, or lie in S3.')
  return undefined
}

function documentFor(part: CallPart & { type: 'file' }, at: At): JsonObject | undefined {
  const { source, name } = part
  const type = source.kind === 'bytes' ? source.mediaType : 'application/pdf'
  const format = Object.keys(documents).find((one) => documents[one] === type)
  const place = placeFor(source)
  if (!place || !format) {
    at.losses.add(at.path, 'meaning', 'Documents are sent in a known format, or lie in S3.')
    return undefined
  }
  // Other characters are refused, and a name is demanded.
  const clean = (name ?? 'document').replace(/[^\p{L}\p{N}\s()[\]-]+/gu, ' ').trim() || 'document'
  if (clean !== name) at.losses.add(`${at.path}/name`, 'hint', 'The name of a document is cleaned.')
  const own = at.losses.own(part.extra, family, at.path)
  return { document: { format, name: clean, source: place, ...own } }
}
