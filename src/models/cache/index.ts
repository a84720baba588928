export { AnswerCache, type KeptAnswer, type Said } from './answers.ts'
export { BoundedCache, type Kept, type Partition } from './bounded.ts'
export { type Ended, type Exchange, Flight, muteSink } from './flight.ts'
