import { type Found, retrieve } from '#data'
import type { Span } from '#kernel'
import type { AnswerAccess } from './authorizing.ts'
import type { AskedText } from './masking.ts'
import { stillReading } from './reading.ts'
import type { Run } from './run.ts'

/** Words that point back at an earlier turn, and openings that continue one. */
const backReference =
  /\b(it|its|they|them|their|this|that|these|those|he|she|his|her|there|same|one|ones|es|sie|er|ihn|ihm|dies\w*|dafür|davon|dort)\b|它|他们|这|那/iu
const continuation =
  /^(and|also|what about|how about|but|then|why|und|auch|aber|was ist mit|wie ist es mit|那么|那)\b/iu
/** A question longer than this stands on its own. */
const followUpChars = 120

/** Searches the assistant's bases for the question, together with the one it follows up. */
export async function find(
  run: Run,
  what: { access: AnswerAccess; asked: AskedText; span: Span },
): Promise<Found> {
  const { access, asked, span } = what
  const reading = await stillReading(run, access)
  run.reached.reading = reading
  const text = standAlone(asked.text, access.history.questions)
  const filter = { ...access.assistant.spec.filter, ...run.question.filter }
  const found = await retrieve(
    {
      organizationId: run.context.organizationId,
      text,
      bases: access.bases,
      constraint: access.constraint,
      epochs: access.epochs,
      signal: run.context.signal,
      ...(Object.keys(filter).length > 0 ? { filter } : {}),
    },
    run.house,
  )
  Object.assign(span.attributes, {
    candidates: found.candidates.length,
    terms: found.terms.length,
    followsUp: text !== asked.text,
    dense: found.dense.embedder ?? 'off',
    analyseMs: round(found.took.analyse),
    embedMs: round(found.took.embed),
    searchMs: round(found.took.search),
    readMs: round(found.took.read),
    ...(reading ? { stillReading: `${reading.done} of ${reading.total}` } : {}),
    ...(found.loadMs > 0 ? { indexLoadMs: round(found.loadMs) } : {}),
  })
  return found
}

/** A follow-up is searched for with the question before it, since it names its subject only there. */
export function standAlone(question: string, earlier: readonly string[]): string {
  const last = earlier.at(-1)
  if (!last || question.length > followUpChars) return question
  const follows = backReference.test(question) || continuation.test(question.trim())
  const words = question.trim().split(/\s+/).length
  return follows || words <= 3 ? `${last}\n${question}` : question
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
