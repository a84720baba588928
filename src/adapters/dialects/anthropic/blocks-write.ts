import type { CacheMarker, CallPart, JsonObject, MediaSource } from '#ports'
import { defined, isObject, parsed } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'
import { family } from './family.ts'

const ttls = ['5m', '1h']

export function cacheFor(cache: CacheMarker | undefined, losses: Losses, path: string): JsonObject {
  if (!cache) return {}
  const { ttl } = cache
  const known = ttl === undefined || ttls.includes(ttl)
  if (!known) losses.add(`${path}/cache`, 'hint', `The cache is not kept for ${ttl}, but as usual.`)
  return { cache_control: defined({ type: 'ephemeral', ttl: known ? ttl : undefined }) }
}

/** A part as a content block; none where the protocol has no word for it, which is told. */
export function blockFor(part: CallPart, at: { losses: Losses; path: string }): JsonObject[] {
  if (part.type === 'opaque') {
    if (part.family === family) return [part.value]
    at.losses.add(at.path, 'meaning', `Only ${part.family} knows this content.`)
    return []
  }
  const block = part.type === 'tool-result' ? resultFor(part, at) : wireOf(part, at)
  if (!block) return []
  const cached = part.type === 'reasoning' ? {} : cacheFor(part.cache, at.losses, at.path)
  return [{ ...block, ...cached, ...at.losses.own(part.extra, family, at.path) }]
}

type Known = Exclude<CallPart, { type: 'opaque' } | { type: 'tool-result' }>

function wireOf(part: Known, at: { losses: Losses; path: string }): JsonObject | undefined {
  const { losses, path } = at
  if (part.type === 'text') return part.text === '' ? undefined : { type: 'text', text: part.text }
  if (part.type === 'refusal') {
    losses.add(path, 'changed', 'A refusal is told as text.')
    return { type: 'text', text: part.text }
  }
  if (part.type === 'image') {
    if (part.detail !== undefined)
      losses.add(`${path}/detail`, 'changed', 'How closely an image is looked at cannot be said.')
    return { type: 'image', source: sourceFor(part.source) }
  }
  if (part.type === 'file') return documentFor(part, at)
  if (part.type === 'tool-call') {
    return { type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.arguments, at) }
  }
  if (part.type === 'reasoning') {
    if (part.signedBy !== family) {
      const owner = part.signedBy ?? 'another model'
      losses.add(path, 'changed', `Thoughts of ${owner} cannot be told to this one.`)
      return undefined
    }
    if (part.encrypted !== undefined) return { type: 'redacted_thinking', data: part.encrypted }
    return { type: 'thinking', thinking: part.text, signature: part.signature ?? '' }
  }
  losses.add(path, 'meaning', `There is no content of type "${part.type}".`)
  return undefined
}

/** Arguments as an object, which the protocol demands. */
export function inputOf(text: string, at: { losses: Losses; path: string }): unknown {
  const value = text.trim() === '' ? {} : parsed(text)
  if (isObject(value)) return value
  at.losses.add(`${at.path}/arguments`, 'changed', 'Arguments that are no JSON object are wrapped.')
  return { arguments: value ?? text }
}

function resultFor(
  part: CallPart & { type: 'tool-result' },
  at: { losses: Losses; path: string },
): JsonObject {
  const blocks = part.content.flatMap((one, i) =>
    blockFor(one, { losses: at.losses, path: `${at.path}/content/${i}` }),
  )
  return defined({
    type: 'tool_result',
    tool_use_id: part.callId,
    content: contentOf(blocks),
    is_error: part.isError,
  })
}

/** A lone plain text as a string. */
export function contentOf(blocks: readonly JsonObject[]): unknown {
  if (blocks.length === 0) return ''
  const [only] = blocks
  const plain = blocks.length === 1 && only!.type === 'text' && Object.keys(only!).length === 2
  return plain ? only!.text : blocks
}

function sourceFor(source: MediaSource): JsonObject {
  if (source.kind === 'url') return { type: 'url', url: source.url }
  if (source.kind === 'stored') return { type: 'file', file_id: source.fileId }
  return { type: 'base64', media_type: source.mediaType, data: source.data }
}

function documentFor(
  part: CallPart & { type: 'file' },
  at: { losses: Losses; path: string },
): JsonObject | undefined {
  const { source, name } = part
  const known = { type: 'document', ...(name === undefined ? {} : { title: name }) }
  if (source.kind !== 'bytes' || source.mediaType === 'application/pdf')
    return { ...known, source: sourceFor(source) }
  if (source.mediaType.startsWith('text/')) {
    const data = Buffer.from(source.data, 'base64').toString('utf8')
    return { ...known, source: { type: 'text', media_type: 'text/plain', data } }
  }
  at.losses.add(at.path, 'meaning', `Documents of type ${source.mediaType} are not read.`)
  return undefined
}
