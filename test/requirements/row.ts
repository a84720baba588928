/** One thing that Plinth owes. */
export interface Requirement {
  /** `M11.roundtrip`: the promise it serves, and its own name. Tests cite it in their titles. */
  id: string
  promise: string
  text: string
  /** Where it was promised. */
  source: string
  /** Why no test proves it yet. A row that is owed but cited fails the gate, so that the note goes. */
  owed?: string
}

/** Rows of one source: `proven` by id, and `owed` by id as text and reason. */
export function rows(
  source: string,
  proven: Readonly<Record<string, string>>,
  owed: Readonly<Record<string, readonly [text: string, reason: string]>> = {},
): Requirement[] {
  const promiseOf = (id: string): string => id.split('.')[0] ?? id
  return [
    ...Object.entries(proven).map(([id, text]) => ({ id, promise: promiseOf(id), text, source })),
    ...Object.entries(owed).map(([id, [text, reason]]) => ({
      ...{ id, promise: promiseOf(id), text, source },
      owed: reason,
    })),
  ]
}
