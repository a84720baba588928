export { answer } from './answer/answer.ts'
export { defaultAssistant } from './answer/authorizing.ts'
export type { AnswerHouse } from './answer/house.ts'
export type {
  Answered,
  Citation,
  Outcome,
  Part,
  Question,
  ShownPassage,
} from './answer/parts.ts'
export { callerFacts } from './answer/routing.ts'
export * from './compare/index.ts'
export * from './conversations/read.ts'
export * from './gateway/index.ts'
