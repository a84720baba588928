import { expect } from 'vitest'

export type Door = 'openai' | 'anthropic'

export interface Talk {
  model: string
  stream?: boolean
  text?: string
  tools?: boolean
  signal?: AbortSignal
  headers?: Record<string, string>
}

/** What came through a door, whole or not. */
export interface Heard {
  status: number
  text: string
  finish?: string | null | undefined
  calls: { name: string; arguments: string }[]
  usage?: { input: number; output: number }
  /** The protocol's own end came. */
  ended: boolean
  error?: string
  raw: string
  headers: Headers
  ms: number
}

const parameters = { type: 'object', properties: { word: { type: 'string' } } }
const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages' }

function bodyOf(door: Door, { model, stream = false, text = 'How long?', tools }: Talk): object {
  const messages = [{ role: 'user', content: text }]
  if (door === 'anthropic') {
    const tool = { name: 'lookup', description: 'Looks up.', input_schema: parameters }
    return { model, stream, max_tokens: 100, messages, ...(tools ? { tools: [tool] } : {}) }
  }
  const tool = {
    type: 'function',
    function: { name: 'lookup', description: 'Looks up.', parameters },
  }
  return {
    model,
    stream,
    messages,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    ...(tools ? { tools: [tool] } : {}),
  }
}

/** Asks a model through a door, and reads the answer to its end, however that looks. */
export async function talk(
  at: { url: string; key: string },
  door: Door,
  asked: Talk,
): Promise<Heard> {
  const began = performance.now()
  const response = await fetch(`${at.url}${paths[door]}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${at.key}`,
      'content-type': 'application/json',
      ...asked.headers,
    },
    body: JSON.stringify(bodyOf(door, asked)),
    ...(asked.signal ? { signal: asked.signal } : {}),
  })
  let raw = ''
  try {
    const decoder = new TextDecoder()
    for await (const piece of response.body!) raw += decoder.decode(piece, { stream: true })
  } catch {
    // A cut answer: the connection ends without the protocol's end.
  }
  const { status, headers } = response
  const heard: Heard = {
    ...{ status, headers, raw, text: '', calls: [], ended: false },
    ms: performance.now() - began,
  }
  if (/event-stream/.test(headers.get('content-type') ?? '')) {
    for (const event of eventsOf(raw))
      (door === 'openai' ? openAiEvent : anthropicEvent)(event, heard)
    return heard
  }
  const body = JSON.parse(raw)
  if (body.error) heard.error = body.error.message
  else (door === 'openai' ? openAiReply : anthropicReply)(body, heard)
  return heard
}

/** The data of each event, of whatever line ends and however many lines. */
function eventsOf(raw: string): string[] {
  return raw
    .replace(/\r\n?/g, '\n')
    .split(/\n{2,}/)
    .map((event) => [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n'))
    .filter(Boolean)
}

// biome-ignore lint/suspicious/noExplicitAny: answers of two protocols, looked at field by field
type Json = any

function openAiReply(body: Json, heard: Heard): void {
  expect(body.object).toBe('chat.completion')
  const [{ message, finish_reason: finish }] = body.choices
  heard.text = message.content ?? ''
  heard.calls = (message.tool_calls ?? []).map((one: Json) => one.function)
  heard.finish = finish
  heard.ended = true
  if (body.usage) {
    heard.usage = { input: body.usage.prompt_tokens, output: body.usage.completion_tokens }
  }
}

function anthropicReply(body: Json, heard: Heard): void {
  expect(body.type).toBe('message')
  for (const block of body.content) {
    if (block.type === 'text') heard.text += block.text
    if (block.type === 'tool_use') {
      heard.calls.push({ name: block.name, arguments: JSON.stringify(block.input) })
    }
  }
  heard.finish = body.stop_reason
  heard.ended = true
  heard.usage = { input: body.usage.input_tokens, output: body.usage.output_tokens }
}

function openAiEvent(data: string, heard: Heard): void {
  if (data === '[DONE]') {
    heard.ended = true
    return
  }
  const { choices, usage, error } = JSON.parse(data) as Json
  if (error) heard.error = error.message
  if (usage) heard.usage = { input: usage.prompt_tokens, output: usage.completion_tokens }
  for (const { delta, finish_reason: finish } of choices ?? []) {
    heard.text += delta?.content ?? ''
    if (finish) heard.finish = finish
    for (const call of delta?.tool_calls ?? []) {
      const known = heard.calls[call.index] ?? { name: '', arguments: '' }
      heard.calls[call.index] = known
      known.name ||= call.function.name ?? ''
      known.arguments += call.function.arguments ?? ''
    }
  }
}

function anthropicEvent(data: string, heard: Heard): void {
  const event = JSON.parse(data) as Json
  if (event.type === 'error') heard.error = event.error.message
  if (event.type === 'message_stop') heard.ended = true
  if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
    heard.calls.push({ name: event.content_block.name, arguments: '' })
  }
  const { type, text, partial_json: json } = event.delta ?? {}
  if (type === 'text_delta') heard.text += text
  if (type === 'input_json_delta') heard.calls.at(-1)!.arguments += json
  if (event.type !== 'message_delta') return
  heard.finish = event.delta.stop_reason
  heard.usage = { input: event.usage.input_tokens, output: event.usage.output_tokens }
}
