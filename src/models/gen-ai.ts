import type { SpanValue } from '#kernel'
import type { CallRecord } from './call.ts'

/** Names that the semantic conventions give to providers, by the protocol that is spoken with them. */
const wellKnown: Readonly<Record<string, string>> = {
  openai: 'openai',
  'openai-responses': 'openai',
  'azure-openai': 'azure.ai.openai',
  anthropic: 'anthropic',
  gemini: 'gcp.gemini',
  bedrock: 'aws.bedrock',
  mistral: 'mistral_ai',
  cohere: 'cohere',
}

/**
 * What OpenTelemetry's semantic conventions for generative AI say of a call of a model: names and counts, never text.
 * Nothing of the answer where none came.
 */
export function genAiAttributes(
  record: CallRecord,
  asked: { maxOutputTokens: number },
): Record<string, SpanValue> {
  const { protocol, upstreamModel, finish, model } = record
  const said: Record<string, SpanValue | undefined> = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': protocol === undefined ? undefined : (wellKnown[protocol] ?? protocol),
    'gen_ai.request.model': upstreamModel ?? record.attempts.at(-1)?.upstreamModel,
    'gen_ai.request.max_tokens': asked.maxOutputTokens,
    'gen_ai.response.model': upstreamModel,
    'gen_ai.response.finish_reasons': finish === undefined ? undefined : [finish],
    'gen_ai.usage.input_tokens': model === undefined ? undefined : record.inputTokens,
    'gen_ai.usage.output_tokens': model === undefined ? undefined : record.outputTokens,
  }
  const known = Object.entries(said).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known) as Record<string, SpanValue>
}
