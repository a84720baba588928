/** Requests and responses of the native API. Times are UTC, ISO 8601; offsets are UTF-16 code units. */
export type * from './types/administration.ts'
export type * from './types/answers.ts'
export type * from './types/basics.ts'
export type * from './types/knowledge.ts'
