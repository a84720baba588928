export { type EvalQuestion, readQuestions } from './questions.ts'
export {
  type EvalAnswer,
  type EvalCitation,
  type EvalDoor,
  type EvalHit,
  type EvalOptions,
  type EvalResult,
  runEval,
} from './run.ts'
export { type EvalScore, scoreEval } from './score.ts'
export { type Share, wilson } from './wilson.ts'
