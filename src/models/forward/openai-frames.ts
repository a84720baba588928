import type { Observed } from './observed.ts'
import type { FrameKind } from './pass-through.ts'

interface Usage {
  prompt_tokens?: number
  completion_tokens?: number
  prompt_tokens_details?: { cached_tokens?: number } | null
  completion_tokens_details?: { reasoning_tokens?: number } | null
}

interface Chunk {
  choices?:
    | (Record<string, unknown> & {
        delta?: Record<string, unknown> | null
        finish_reason?: string | null
      })[]
    | null
  usage?: Usage | null
  error?: { message?: unknown } | string | null
}

const usageMember = /"usage"\s*:\s*\{/
const finishMember = /"finish_reason"\s*:\s*"([a-z_]+)"/
const errorMember = /^data:\s*\{\s*"error"\s*:/m
const doneLine = /^data:\s*\[DONE\]/m
/** `text` stands in the choice itself: completions of a bare prompt have no `delta`. */
const contentKeys = [
  'text',
  'content',
  'refusal',
  'tool_calls',
  'reasoning_content',
  'reasoning',
] as const

/**
 * Looks at one frame on its way through. Frames are parsed until the first content and where usage, an end or an error
 * may stand in them; the rest is passed unread.
 */
export function observeOpenAiFrame(frame: Buffer, seen: Observed): FrameKind {
  const text = frame.toString('latin1')
  if (!text.includes('data:')) return 'other'
  if (doneLine.test(text)) {
    seen.done = true
    return 'done'
  }
  if (errorMember.test(text)) return observeError(frame, seen)
  const finish = finishMember.exec(text)
  if (finish) {
    seen.finished = true
    seen.finish = finish[1]!
  }
  const usage = usageMember.test(text)
  if (seen.content && !usage) {
    seen.contentFrames++
    return 'data'
  }
  const chunk = parse(frame)
  if (!chunk) return 'other'
  if (chunk.usage) observeUsage(chunk.usage, seen)
  const choice = chunk.choices?.[0]
  const said = choice?.delta ?? choice
  if (said && contentKeys.some((key) => holdsSomething(said[key]))) {
    seen.content = true
    seen.contentFrames++
  }
  return usage && (chunk.choices?.length ?? 0) === 0 ? 'usage-only' : 'data'
}

/** The usage of a whole (not streamed) reply, or of a frame. */
export function observeUsage(usage: Usage, seen: Observed): void {
  seen.counted = true
  seen.inputTokens = count(usage.prompt_tokens)
  seen.outputTokens = count(usage.completion_tokens)
  seen.cachedTokens = count(usage.prompt_tokens_details?.cached_tokens)
  seen.reasoningTokens = count(usage.completion_tokens_details?.reasoning_tokens)
}

function observeError(frame: Buffer, seen: Observed): FrameKind {
  const error = parse(frame)?.error
  const message = typeof error === 'string' ? error : error?.message
  seen.error = typeof message === 'string' ? message : 'an error without a message'
  return 'error'
}

function parse(frame: Buffer): Chunk | undefined {
  const data = frame
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n')
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? (value as Chunk) : undefined
  } catch {
    return undefined
  }
}

function holdsSomething(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value !== ''
}

/** Counts come from outside: anything but a sane whole number is none. */
function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0
}

/** A whole reply: has it an answer in it, and what did it cost? */
export function observeOpenAiReply(reply: unknown, seen: Observed): boolean {
  if (typeof reply !== 'object' || reply === null) return false
  const { choices, usage } = reply as Chunk
  if (!Array.isArray(choices) || choices.length === 0) return false
  seen.content = true
  seen.finished = true
  seen.done = true
  const finish = choices[0]?.finish_reason
  if (typeof finish === 'string') seen.finish = finish
  if (usage) observeUsage(usage, seen)
  return true
}
