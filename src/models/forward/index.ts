export { anthropicPassThrough } from './anthropic.ts'
export {
  type AttemptWatch,
  type ForwardCall,
  Forwarding,
  type ForwardRecord,
  type ForwardSink,
  type WireAttempt,
} from './forward.ts'
export type { Observed } from './observed.ts'
export { openAiPassThrough } from './openai.ts'
export type { PassThrough } from './pass-through.ts'
export type { ErrorBody } from './receiving.ts'
export { spliceBody } from './splice.ts'
export type { AnswerTransform, Translation } from './translated.ts'
