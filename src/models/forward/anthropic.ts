import type { PlinthError } from '#kernel'
import type { Observed } from './observed.ts'
import type { FrameKind, PassThrough } from './pass-through.ts'

interface Usage {
  input_tokens?: number | null
  cache_creation_input_tokens?: number | null
  cache_read_input_tokens?: number | null
  output_tokens?: number | null
}

interface Event {
  message?: { usage?: Usage | null }
  delta?: { stop_reason?: string | null }
  usage?: Usage | null
  error?: { message?: unknown }
}

const eventType = /"type"\s*:\s*"([a-z_]+)"/

/** Anthropic's messages passed through. */
export const anthropicPassThrough: PassThrough = {
  observe: observeFrame,
  observeReply,
  failFrame: (error) => `event: error\ndata: ${JSON.stringify(frameOf(error))}\n\n`,
  doneFrame: `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
}

/** Frames are parsed where usage, an end or an error stands in them; text is passed unread. */
function observeFrame(frame: Buffer, seen: Observed): FrameKind {
  const text = frame.toString('latin1')
  const type = /^event:\s*([a-z_]+)/m.exec(text)?.[1] ?? eventType.exec(text)?.[1]
  if (type === 'content_block_delta' || type === 'content_block_start') {
    // A block of text begins empty; any other kind says something with its beginning.
    if (type === 'content_block_delta' || !text.includes('"text":""')) seen.content = true
    if (type === 'content_block_delta') seen.contentFrames++
    return 'data'
  }
  if (type === 'message_start') {
    observeUsage(parse(frame)?.message?.usage, seen)
    return 'data'
  }
  if (type === 'message_delta') {
    const event = parse(frame)
    observeUsage(event?.usage, seen)
    const reason = event?.delta?.stop_reason
    if (typeof reason === 'string') {
      seen.finished = true
      seen.finish = reason
    }
    return 'data'
  }
  if (type === 'message_stop') {
    seen.done = true
    return 'done'
  }
  if (type !== 'error') return 'other'
  const message = parse(frame)?.error?.message
  seen.error = typeof message === 'string' ? message : 'an error without a message'
  return 'error'
}

function observeReply(reply: unknown, seen: Observed): boolean {
  if (typeof reply !== 'object' || reply === null) return false
  const { content, stop_reason, usage } = reply as {
    content?: unknown
    stop_reason?: unknown
    usage?: Usage
  }
  if (!Array.isArray(content)) return false
  seen.content = true
  seen.finished = true
  seen.done = true
  if (typeof stop_reason === 'string') seen.finish = stop_reason
  observeUsage(usage, seen)
  return true
}

/** Counts come in two parts, at the beginning and the end; tokens of the cache stand beside the input's there. */
function observeUsage(usage: Usage | null | undefined, seen: Observed): void {
  if (!usage) return
  if (usage.input_tokens != null) {
    seen.counted = true
    seen.cachedTokens = count(usage.cache_read_input_tokens)
    const written = count(usage.cache_creation_input_tokens)
    seen.inputTokens = count(usage.input_tokens) + seen.cachedTokens + written
  }
  if (usage.output_tokens != null) seen.outputTokens = count(usage.output_tokens)
}

function frameOf(error: PlinthError) {
  const message = `${error.message} ${error.remedy}`.trim()
  return { type: 'error', error: { type: 'api_error', message } }
}

function parse(frame: Buffer): Event | undefined {
  const data = /^data:(.*)$/m.exec(frame.toString('utf8'))?.[1]
  try {
    const value: unknown = JSON.parse(data ?? '')
    return typeof value === 'object' && value !== null ? (value as Event) : undefined
  } catch {
    return undefined
  }
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0
}
