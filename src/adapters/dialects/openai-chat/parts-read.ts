import type { CacheMarker, CallPart, ToolCallPart } from '#ports'
import { defined, type Fields } from '../wire/fields.ts'
import { sourceOfUrl } from '../wire/media.ts'
import { family } from './variant.ts'

/** The content of a message: a string, or parts. */
export function partsOf(message: Fields): CallPart[] {
  const content = message.raw('content')
  if (content === undefined) return []
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return message.objects('content')!.map(partOf)
}

function partOf(fields: Fields): CallPart {
  const type = fields.needString('type')
  const cache = cacheOf(fields)
  const more = () => defined({ cache, extra: fields.rest(family) })
  if (type === 'text') return { type, text: fields.needString('text'), ...more() }
  if (type === 'refusal') return { type, text: fields.needString('refusal'), ...more() }
  if (type === 'image_url') {
    const image = fields.needObject('image_url')
    const source = sourceOfUrl(image.needString('url'))
    return defined({ type: 'image' as const, source, detail: image.string('detail'), ...more() })
  }
  if (type === 'input_audio') {
    const sound = fields.needObject('input_audio')
    const data = sound.needString('data')
    const mediaType = `audio/${sound.needString('format')}`
    return { type: 'audio', source: { kind: 'bytes', data, mediaType }, ...more() }
  }
  if (type === 'file') return { ...filePart(fields.needObject('file')), ...more() }
  // Thoughts within the content, as Mistral writes them.
  if (type === 'thinking') return { type: 'reasoning', text: thoughtsOf(fields), ...more() }
  return { type: 'opaque', family, value: fields.whole() }
}

function filePart(file: Fields): CallPart {
  const data = file.string('file_data')
  const fileId = file.string('file_id')
  const name = file.string('filename')
  if (data !== undefined) return defined({ type: 'file' as const, source: sourceOfUrl(data), name })
  if (fileId === undefined) throw file.refuse('file_data', 'or "file_id" is required')
  return defined({ type: 'file' as const, source: { kind: 'stored' as const, fileId }, name })
}

function thoughtsOf(fields: Fields): string {
  const inner = fields.raw('thinking')
  if (typeof inner === 'string') return inner
  return (fields.objects('thinking') ?? []).map((one) => one.string('text') ?? '').join('')
}

/** OpenAI’s break point, or the marker that gateways take over from Anthropic. */
function cacheOf(fields: Fields): CacheMarker | undefined {
  const mark = fields.object('prompt_cache_breakpoint') ?? fields.object('cache_control')
  return mark && defined({ ttl: mark.string('ttl') })
}

/** Parts of an assistant's message, in requests and in answers: thoughts, text, refusal, tool calls. */
export function assistantParts(message: Fields): CallPart[] {
  const parts: CallPart[] = []
  const thoughts = message.string('reasoning_content') ?? thoughtsBeside(message)
  if (thoughts) parts.push({ type: 'reasoning', text: thoughts })
  parts.push(...partsOf(message))
  const refusal = message.string('refusal')
  if (refusal) parts.push({ type: 'refusal', text: refusal })
  for (const call of message.objects('tool_calls') ?? []) parts.push(toolCallOf(call))
  return parts
}

function thoughtsBeside(message: Fields): string | undefined {
  const value = message.raw('reasoning')
  if (typeof value === 'string') return value
  message.keep('reasoning')
  return undefined
}

function toolCallOf(call: Fields): CallPart {
  const type = call.string('type') ?? 'function'
  call.raw('index')
  if (type !== 'function') return { type: 'opaque', family, value: call.whole() }
  const given = call.needObject('function')
  const part: ToolCallPart = {
    type: 'tool-call',
    id: call.string('id') ?? '',
    name: given.needString('name'),
    arguments: argumentsOf(given),
  }
  return defined({ ...part, extra: call.rest(family) })
}

/** Text; some endpoints send the object itself. */
function argumentsOf(given: Fields): string {
  const value = given.raw('arguments')
  return typeof value === 'string' ? value : JSON.stringify(value ?? {})
}
