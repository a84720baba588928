import type { RequestContext, Trace } from '#kernel'
import type { AnswerHouse } from './house.ts'
import type { Question } from './parts.ts'

/** One question on its way: what every step is handed. */
export interface Run {
  question: Question
  context: RequestContext
  house: AnswerHouse
  trace: Trace
}
