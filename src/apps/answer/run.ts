import type { RequestContext, Trace } from '#kernel'
import type { AnswerHouse } from './house.ts'
import type { AskedText } from './masking.ts'
import type { CacheNote, Question, StillReading } from './parts.ts'
import type { Choices } from './routing.ts'

/** One question on its way: what every step is handed. */
export interface Run {
  question: Question
  context: RequestContext
  house: AnswerHouse
  trace: Trace
  /** What was known when it failed, if it fails: the masked question, what was not read yet, the models. */
  reached: {
    asked?: AskedText
    reading?: StillReading | undefined
    choices?: Choices
    cache?: CacheNote
  }
}
