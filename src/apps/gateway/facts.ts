import type { Capability, Principal, RequestLabels } from '#kernel'
import type { RequestFacts } from '#models'
import { callerFacts } from '../answer/routing.ts'
import type { ReadyModel } from './compiled.ts'
import { bytesPerToken } from './prices.ts'

/** What routing needs to know of a call, read from its body without translating it. */
export function factsOf(
  call: {
    principal: Principal
    body: Buffer
    parsed: Readonly<Record<string, unknown>>
    stream: boolean
    labels: RequestLabels
  },
  model: ReadyModel,
  now: number,
): RequestFacts {
  const maxOutputTokens = maxTokensOf(call.parsed)
  return {
    ...callerFacts({ principal: call.principal }),
    ...call.labels,
    operation: 'chat',
    needs: needsOf(call),
    inputTokens: Math.ceil(call.body.length / bytesPerToken),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    project: model.project,
    now,
  }
}

export function maxTokensOf(parsed: Readonly<Record<string, unknown>>): number | undefined {
  return (
    whole(parsed.max_completion_tokens) ??
    whole(parsed.max_tokens) ??
    whole(parsed.max_output_tokens)
  )
}

export function answersOf({ n }: Readonly<Record<string, unknown>>): number {
  return whole(n) ?? 1
}

/** A stream that ends with its usage. */
export function asksForUsage({
  stream_options: options,
}: Readonly<Record<string, unknown>>): boolean {
  return (options as { include_usage?: unknown } | null | undefined)?.include_usage === true
}

const pictures = ['"image_url"', '"input_image"', '"type":"image"'].map((text) => Buffer.from(text))

function needsOf({
  body,
  parsed,
  stream,
}: {
  body: Buffer
  parsed: Readonly<Record<string, unknown>>
  stream: boolean
}): Capability[] {
  const needs: Capability[] = []
  if (stream) needs.push('streaming')
  if (Array.isArray(parsed.tools) && parsed.tools.length > 0) needs.push('tools')
  const said = parsed.text as { format?: unknown } | null | undefined
  const format = (parsed.response_format ?? said?.format) as { type?: unknown } | null | undefined
  if (format?.type === 'json_schema') needs.push('json-schema')
  if (parsed.logprobs === true || whole(parsed.logprobs ?? parsed.top_logprobs))
    needs.push('logprobs')
  const { reasoning_effort: effort, thinking, reasoning } = parsed
  if (effort !== undefined || thinking !== undefined || reasoning != null) needs.push('reasoning')
  if (pictures.some((picture) => body.includes(picture))) needs.push('vision')
  if (body.includes('"input_audio"')) needs.push('audio')
  return needs
}

function whole(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined
}
