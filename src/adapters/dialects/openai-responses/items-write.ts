import type { CallMessage, CallPart, Extra, JsonObject, MediaSource, ModelCall } from '#ports'
import { defined } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'
import { urlOfSource } from '../wire/media.ts'
import { family } from './family.ts'

interface At {
  losses: Losses
  path: string
}

/** Instructions, where the conversation begins with one plain system message, and the items of the rest. */
export function inputFor(call: ModelCall, losses: Losses) {
  const [first, ...others] = call.messages
  const told = first?.role === 'system' && first.content.length === 1 ? first.content[0] : undefined
  const plain =
    told?.type === 'text' && !told.cache && !told.extra && !first?.extra && others.length > 0
  const items = call.messages.flatMap((message, i) =>
    plain && i === 0 ? [] : itemsFor(message, { losses, path: `messages/${i}` }),
  )
  return { instructions: plain ? told.text : undefined, input: items }
}

function itemsFor(message: CallMessage, at: At): JsonObject[] {
  at.losses.own(message.extra, family, at.path)
  if (message.name !== undefined)
    at.losses.add(`${at.path}/name`, 'hint', 'Participants of one role have no names.')
  const items: JsonObject[] = []
  let content: JsonObject[] = []
  const flush = () => {
    if (content.length > 0)
      items.push({ type: 'message', role: roleFor(message.role), content: contentFor(content) })
    content = []
  }
  for (const [i, part] of message.content.entries()) {
    const place = { ...at, path: `${at.path}/content/${i}` }
    const item = itemFor(part, place)
    if (item === 'content') content.push(...partFor(part, message.role, place))
    else {
      flush()
      if (item) items.push(item)
    }
  }
  flush()
  return items
}

function roleFor(role: CallMessage['role']): string {
  return role === 'tool' ? 'user' : role
}

/** A lone plain text as a string. */
function contentFor(parts: readonly JsonObject[]): unknown {
  const [only] = parts
  return parts.length === 1 && typeof only!.text === 'string' && Object.keys(only!).length === 2
    ? only!.text
    : parts
}

/** Parts that are items of their own; undefined for one that is lost. */
export function itemFor(part: CallPart, at: At): JsonObject | undefined | 'content' {
  if (part.type === 'tool-call') {
    const { id, name, arguments: text } = part
    return { type: 'function_call', call_id: id, name, arguments: text, ...own(part, at) }
  }
  if (part.type === 'tool-result') {
    if (part.isError) at.losses.add(at.path, 'changed', 'That a tool failed is told in its text.')
    const content = part.content.flatMap((one, i) =>
      partFor(one, 'user', { ...at, path: `${at.path}/content/${i}` }),
    )
    const output = content.length === 0 ? '' : contentFor(content)
    return { type: 'function_call_output', call_id: part.callId, output, ...own(part, at) }
  }
  if (part.type === 'reasoning') return reasoningFor(part, at)
  if (part.type !== 'opaque') return 'content'
  if (part.family === family) return part.value
  at.losses.add(at.path, 'meaning', `Only ${part.family} knows this content.`)
  return undefined
}

function reasoningFor(part: CallPart & { type: 'reasoning' }, at: At): JsonObject | undefined {
  if (part.signedBy !== family) {
    const owner = part.signedBy ?? 'another model'
    at.losses.add(at.path, 'changed', `Thoughts of ${owner} cannot be told to this one.`)
    return undefined
  }
  const { id, encrypted, text } = part
  const summary = text === '' ? [] : [{ type: 'summary_text', text }]
  return defined({ type: 'reasoning', id, summary, encrypted_content: encrypted })
}

function own(part: { extra?: Extra }, at: At): JsonObject {
  return { ...at.losses.own(part.extra, family, at.path) }
}

function partFor(part: CallPart, role: CallMessage['role'], at: At): JsonObject[] {
  if (part.type === 'opaque') {
    at.losses.add(at.path, 'meaning', `Only ${part.family} knows this content.`)
    return []
  }
  const value = wireOf(part, role)
  if (!value) {
    at.losses.add(at.path, 'meaning', `Responses take no content of type "${part.type}" here.`)
    return []
  }
  return [{ ...value, ...cacheFor(part, at), ...at.losses.own(part.extra, family, at.path) }]
}

function wireOf(
  part: Exclude<CallPart, { type: 'opaque' }>,
  role: CallMessage['role'],
): JsonObject | undefined {
  const said = role === 'assistant'
  if (part.type === 'text') return { type: said ? 'output_text' : 'input_text', text: part.text }
  if (part.type === 'refusal') return said ? { type: 'refusal', refusal: part.text } : undefined
  if (part.type === 'image') {
    return defined({ type: 'input_image', ...imageFor(part.source), detail: part.detail })
  }
  if (part.type === 'file') {
    return defined({ type: 'input_file', ...fileFor(part.source), filename: part.name })
  }
  if (part.type !== 'audio' || part.source.kind !== 'bytes') return undefined
  const { data, mediaType } = part.source
  return {
    type: 'input_audio',
    input_audio: { data, format: mediaType.replace('audio/', '') },
  }
}

function imageFor(source: MediaSource): JsonObject {
  return source.kind === 'stored' ? { file_id: source.fileId } : { image_url: urlOfSource(source) }
}

function fileFor(source: MediaSource): JsonObject {
  if (source.kind === 'stored') return { file_id: source.fileId }
  return source.kind === 'url' ? { file_url: source.url } : { file_data: urlOfSource(source) }
}

const ttls = ['30m', '12h']

function cacheFor(part: { cache?: { ttl?: string } }, at: At): JsonObject {
  if (!part.cache) return {}
  const { ttl } = part.cache
  const known = ttl === undefined || ttls.includes(ttl)
  if (!known) at.losses.add(`${at.path}/cache`, 'hint', `The cache is not kept for ${ttl}.`)
  return {
    prompt_cache_breakpoint: defined({ mode: 'explicit', ttl: known ? ttl : undefined }),
  }
}
