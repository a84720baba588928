import type {
  CallMessage,
  CallPart,
  JsonObject,
  MediaSource,
  ModelCall,
  ToolResultPart,
} from '#ports'
import { defined } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'
import { urlOfSource } from '../wire/media.ts'
import { type ChatVariant, family } from './variant.ts'

interface At {
  variant: ChatVariant
  losses: Losses
}

interface Place extends At {
  path: string
}

/** The conversation in the words of chat completions. */
export function messagesFor(call: ModelCall, at: At): JsonObject[] {
  const written: JsonObject[] = []
  /** Images of tool results, which can only be shown by the user. */
  let shown: unknown[] = []
  const show = () => {
    if (shown.length > 0) written.push({ role: 'user', content: shown })
    shown = []
  }
  for (const [i, message] of call.messages.entries()) {
    const place = { ...at, path: `messages/${i}` }
    if (message.role !== 'tool') show()
    if (message.role === 'assistant') written.push(assistantFor(message, place))
    else if (message.role === 'tool') {
      const results = resultsFor(message, place)
      written.push(...results.messages)
      shown.push(...results.shown)
    } else written.push(plainFor(message, place))
  }
  show()
  return written
}

function plainFor(message: CallMessage, at: Place): JsonObject {
  const parts = message.content.flatMap((part, i) =>
    partFor(part, { ...at, path: `${at.path}/content/${i}` }),
  )
  const name = nameFor(message, at)
  const role = message.role === 'developer' && !at.variant.developers ? 'system' : message.role
  const own = at.losses.own(message.extra, family, at.path)
  return defined({ role, content: contentOf(parts), name, ...own })
}

function nameFor({ name }: CallMessage, at: Place): string | undefined {
  if (name === undefined || at.variant.names) return name
  at.losses.add(`${at.path}/name`, 'hint', 'Participants of one role have no names.')
  return undefined
}

/** An id in the form that the endpoint takes: the same for a call and its result. */
function idFor(id: string, at: Place): string {
  const told = at.variant.callId?.(id) ?? id
  if (told !== id) at.losses.add(at.path, 'hint', 'Calls of tools get ids of another form.')
  return told
}

/** A lone text is written as a string, which every endpoint of this protocol takes. */
function contentOf(parts: readonly JsonObject[]): unknown {
  if (parts.length === 0) return ''
  const [only] = parts
  const plain = parts.length === 1 && only!.type === 'text' && Object.keys(only!).length === 2
  return plain ? only!.text : parts
}

function assistantFor(message: CallMessage, at: Place): JsonObject {
  const content: JsonObject[] = []
  const calls: unknown[] = []
  let thoughts = ''
  at.losses.unordered(message.content, at.path)
  for (const [i, part] of message.content.entries()) {
    const place = { ...at, path: `${at.path}/content/${i}` }
    if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part
      const own = at.losses.own(part.extra, family, place.path)
      calls.push({
        id: idFor(id, place),
        type: 'function',
        function: { name, arguments: text },
        ...own,
      })
    } else if (part.type === 'opaque' && part.family === family && 'id' in part.value) {
      calls.push(part.value)
    } else if (part.type === 'reasoning') {
      if (part.signedBy === undefined) thoughts += part.text
      else at.losses.add(place.path, 'changed', `Only ${part.signedBy} can read its own thoughts.`)
    } else content.push(...partFor(part, place))
  }
  return defined({
    role: 'assistant',
    content: content.length === 0 && calls.length > 0 ? null : contentOf(content),
    reasoning_content: thoughts || undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
    name: nameFor(message, at),
    ...at.losses.own(message.extra, family, at.path),
  })
}

function resultsFor(message: CallMessage, at: Place) {
  const messages: JsonObject[] = []
  const shown: unknown[] = []
  for (const [i, part] of message.content.entries()) {
    const place = { ...at, path: `${at.path}/content/${i}` }
    if (part.type !== 'tool-result') {
      at.losses.add(place.path, 'meaning', 'Only results of tools can stand here.')
      continue
    }
    const { texts, media } = resultParts(part, place)
    if (part.isError) {
      at.losses.add(place.path, 'changed', 'That a tool failed is told in its text only.')
    }
    const own = at.losses.own(message.extra, family, at.path)
    messages.push({
      role: 'tool',
      tool_call_id: idFor(part.callId, place),
      content: contentOf(texts),
      ...own,
    })
    shown.push(...media)
  }
  return { messages, shown }
}

function resultParts(result: ToolResultPart, at: Place) {
  const texts: JsonObject[] = []
  const media: unknown[] = []
  for (const [i, part] of result.content.entries()) {
    const path = `${at.path}/content/${i}`
    const written = partFor(part, { ...at, path })
    if (part.type === 'text') texts.push(...written)
    else if (written.length > 0) {
      media.push(...written)
      at.losses.add(path, 'changed', 'What a tool returned besides text follows as the user’s.')
    }
  }
  return { texts, media }
}

function partFor(part: CallPart, at: Place): JsonObject[] {
  const lost = (detail: string): [] => {
    at.losses.add(at.path, 'meaning', detail)
    return []
  }
  if (part.type === 'opaque') {
    return part.family === family ? [part.value] : lost(`Only ${part.family} knows this content.`)
  }
  const value = wireOf(part, at)
  if (!value) return lost(`${at.variant.id} takes no content of type "${part.type}" here.`)
  return [{ ...value, ...cacheFor(part, at), ...at.losses.own(part.extra, family, at.path) }]
}

function wireOf(part: Exclude<CallPart, { type: 'opaque' }>, at: Place): JsonObject | undefined {
  const { media } = at.variant
  if (part.type === 'text') return { type: 'text', text: part.text }
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text }
  if (part.type === 'image' && media.has('image')) {
    const url = urlOfSource(part.source)
    const { detail } = part
    return url === undefined
      ? undefined
      : { type: 'image_url', image_url: defined({ url, detail }) }
  }
  if (part.type === 'audio' && media.has('audio') && part.source.kind === 'bytes') {
    const { data, mediaType } = part.source
    return { type: 'input_audio', input_audio: { data, format: mediaType.replace('audio/', '') } }
  }
  if (part.type === 'file' && media.has('file')) return fileFor(part.source, part.name)
  return undefined
}

function fileFor(source: MediaSource, filename: string | undefined): JsonObject | undefined {
  if (source.kind === 'url') return undefined
  const file =
    source.kind === 'stored'
      ? { file_id: source.fileId, filename }
      : { file_data: urlOfSource(source), filename }
  return { type: 'file', file: defined(file) }
}

const ttls = ['30m', '12h']

function cacheFor(part: { cache?: { ttl?: string } }, at: Place): JsonObject {
  if (!part.cache) return {}
  const path = `${at.path}/cache`
  if (!at.variant.cacheMarkers) {
    at.losses.add(path, 'hint', 'Prompts are cached without being asked.')
    return {}
  }
  const { ttl } = part.cache
  const known = ttl === undefined || ttls.includes(ttl)
  if (!known) at.losses.add(path, 'hint', `The cache is not kept for ${ttl}, but as usual.`)
  const mark = defined({ mode: 'explicit', ttl: known ? ttl : undefined })
  return { prompt_cache_breakpoint: mark }
}
