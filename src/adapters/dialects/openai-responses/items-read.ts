import type { CacheMarker, CallMessage, CallPart, MediaSource } from '#ports'
import { defined, type Fields } from '../wire/fields.ts'
import { sourceOfUrl } from '../wire/media.ts'
import { family } from './family.ts'

type Turn = Omit<CallMessage, 'content'> & { content: CallPart[] }

/** Items of a conversation; what an assistant thought, said and called in a row is one message. */
export function turnsOf(items: readonly Fields[]): CallMessage[] {
  const turns: Turn[] = []
  for (const item of items) {
    const { role, parts } = itemOf(item)
    const last = turns.at(-1)
    if (role === 'assistant' && last?.role === role) last.content.push(...parts)
    else turns.push({ role, content: parts })
  }
  return turns
}

const roles = ['system', 'developer', 'user', 'assistant'] as const

function itemOf(item: Fields): { role: CallMessage['role']; parts: CallPart[] } {
  const type = item.string('type') ?? 'message'
  if (type === 'message') {
    const role = item.needString('role')
    const known = roles.find((one) => one === role)
    if (!known) throw item.refuse('role', `is "${role}"; known: ${roles.join(', ')}`)
    return { role: known, parts: contentOf(item, 'content') }
  }
  if (type === 'function_call_output') {
    const callId = item.needString('call_id')
    const content = contentOf(item, 'output')
    return { role: 'tool', parts: [{ type: 'tool-result', callId, content }] }
  }
  return { role: 'assistant', parts: outputOf(item) }
}

/** Parts of an item that a model made. */
export function outputOf(item: Fields): CallPart[] {
  const type = item.string('type') ?? 'message'
  if (type === 'message') return contentOf(item, 'content')
  if (type === 'function_call') {
    const id = item.needString('call_id')
    const name = item.needString('name')
    return [{ type: 'tool-call', id, name, arguments: item.string('arguments') ?? '' }]
  }
  if (type === 'reasoning') {
    const open = item.objects('content') ?? []
    const texts = [...(item.objects('summary') ?? []), ...open]
    const id = item.string('id')
    const encrypted = item.string('encrypted_content')
    const text = texts.map((one) => one.string('text') ?? '').join('\n\n')
    // Thoughts in the open are an open model's own: nobody signed them.
    if (open.length > 0 && encrypted === undefined) return [{ type: 'reasoning', text }]
    return [defined({ type: 'reasoning' as const, text, signedBy: family, id, encrypted })]
  }
  return [{ type: 'opaque', family, value: item.whole() }]
}

function contentOf(item: Fields, name: string): CallPart[] {
  const content = item.raw(name)
  if (content === undefined) return []
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return item.objects(name)!.map(partOf)
}

function partOf(part: Fields): CallPart {
  const type = part.needString('type')
  const more = () => {
    const cache = cacheOf(part)
    return defined({ cache, extra: part.rest(family) })
  }
  if (type === 'input_text' || type === 'output_text' || type === 'text') {
    const said = part.needString('text')
    for (const own of ['annotations', 'logprobs']) if (emptyList(part, own)) part.raw(own)
    return { type: 'text', text: said, ...more() }
  }
  if (type === 'refusal') return { type, text: part.needString('refusal'), ...more() }
  if (type === 'input_image') {
    const url = part.string('image_url')
    const source = url === undefined ? storedIn(part) : sourceOfUrl(url)
    return defined({ type: 'image' as const, source, detail: part.string('detail'), ...more() })
  }
  if (type === 'input_file') {
    const url = part.string('file_url')
    const data = part.string('file_data')
    const name = part.string('filename')
    const given = data ?? url
    const source = given === undefined ? storedIn(part) : sourceOfUrl(given)
    return defined({ type: 'file' as const, source, name, ...more() })
  }
  if (type === 'input_audio') {
    const sound = part.needObject('input_audio')
    const mediaType = `audio/${sound.needString('format')}`
    const data = sound.needString('data')
    return { type: 'audio', source: { kind: 'bytes', mediaType, data }, ...more() }
  }
  throw part.refuse('type', `is "${type}", which is not known`)
}

function emptyList(part: Fields, name: string): boolean {
  const value = part.whole()[name]
  return Array.isArray(value) && value.length === 0
}

function storedIn(part: Fields): MediaSource {
  return { kind: 'stored', fileId: part.needString('file_id') }
}

function cacheOf(part: Fields): CacheMarker | undefined {
  const mark = part.object('prompt_cache_breakpoint')
  return mark && defined({ ttl: mark.string('ttl') })
}
