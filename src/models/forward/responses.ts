import type { PlinthError } from '#kernel'
import type { Observed } from './observed.ts'
import type { FrameKind, PassThrough } from './pass-through.ts'

interface Usage {
  input_tokens?: unknown
  output_tokens?: unknown
  input_tokens_details?: { cached_tokens?: unknown } | null
  output_tokens_details?: { reasoning_tokens?: unknown } | null
}

interface Response {
  output?: unknown
  status?: unknown
  usage?: Usage | null
  error?: { message?: unknown } | null
  incomplete_details?: { reason?: unknown } | null
}

/** The Responses API passed through. */
export const responsesPassThrough: PassThrough = {
  observe: observeFrame,
  observeReply: (reply, seen) => observeResponse(reply as Response | null, seen),
  failFrame: (error) => `event: error\ndata: ${JSON.stringify(frameOf(error))}\n\n`,
  // The last event holds the whole answer: nobody can write it for the endpoint.
  doneFrame: '',
}

const eventType = /^event:\s*([a-z_.]+)/m
const typeMember = /"type"\s*:\s*"((?:response\.)?[a-z_.]+)"/
/** Items that are announced before anything is said in them. */
const emptyItem = /"type"\s*:\s*"(?:message|reasoning)"/

/** Frames are parsed where usage, an end or an error stands in them; text is passed unread. */
function observeFrame(frame: Buffer, seen: Observed): FrameKind {
  const text = frame.toString('latin1')
  if (!text.includes('data:')) return 'other'
  const type = eventType.exec(text)?.[1] ?? typeMember.exec(text)?.[1]
  if (type === undefined) return 'other'
  if (type.endsWith('.delta')) {
    seen.content = true
    seen.contentFrames++
    return 'data'
  }
  if (type === 'response.output_item.added') {
    if (!emptyItem.test(text)) seen.content = true
    return 'data'
  }
  if (type === 'response.completed' || type === 'response.incomplete') {
    return observeResponse(parsed(frame)?.response as Response | null, seen) ? 'done' : 'other'
  }
  if (type !== 'response.failed' && type !== 'error') return 'data'
  const event = parsed(frame)
  const error = (event?.response as Response | undefined)?.error ?? event?.error ?? event
  const message = (error as { message?: unknown } | undefined)?.message
  seen.error = typeof message === 'string' ? message : 'an error without a message'
  return 'error'
}

function observeResponse(response: Response | null | undefined, seen: Observed): boolean {
  if (typeof response !== 'object' || response === null) return false
  const { output, status, usage, error, incomplete_details: incomplete } = response
  if (!Array.isArray(output) || error) return false
  seen.content = true
  seen.finished = true
  seen.done = true
  const reason = incomplete?.reason ?? status
  if (typeof reason === 'string') seen.finish = reason
  if (usage) observeUsage(usage, seen)
  return true
}

function observeUsage(usage: Usage, seen: Observed): void {
  seen.counted = true
  seen.inputTokens = count(usage.input_tokens)
  seen.outputTokens = count(usage.output_tokens)
  seen.cachedTokens = count(usage.input_tokens_details?.cached_tokens)
  seen.reasoningTokens = count(usage.output_tokens_details?.reasoning_tokens)
}

function frameOf(error: PlinthError) {
  const message = `${error.message} ${error.remedy}`.trim()
  return { type: 'error', code: error.code.toLowerCase(), message, param: null }
}

function parsed(frame: Buffer): Record<string, unknown> | undefined {
  const data = /^data:(.*)$/m.exec(frame.toString('utf8'))?.[1]
  try {
    const value: unknown = JSON.parse(data ?? '')
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Counts come from outside: anything but a sane whole number is none. */
function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0
}
