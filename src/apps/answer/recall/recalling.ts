import { detectLanguage, readableVersions, sightOf } from '#data'
import { digestOf, type Span } from '#kernel'
import type { BoundedCache, Kept, Partition } from '#models'
import { directives, rightsOf } from '../../gateway/cache/key.ts'
import type { AnswerAccess } from '../authorizing.ts'
import type { AskedText } from '../masking.ts'
import type { Part } from '../parts.ts'
import { type Conclusion, conclude } from '../refusing.ts'
import type { Run } from '../run.ts'
import { differenceOf, sameFrom } from './same-question.ts'

/** An answer that was given, with its question as a vector. */
interface GivenAnswer {
  text: string
  language: string
  vector: Float32Array
  parts: readonly Part[]
  conclusion: Conclusion
  traceId: string
  at: number
  until: number
}

/** Answers that were given under one release, sight and state of the documents; the newest last. */
export interface GivenAnswers extends Kept {
  answers: readonly GivenAnswer[]
}

export type RecallCache = BoundedCache<GivenAnswers>

/** Why an answer was given again, or was not; and where this one will be kept. */
export interface Recall {
  verdict: 'hit' | 'miss' | 'bypass'
  reason: string
  given?: GivenAnswer
  keep?: { partition: Partition; key: string; vector: Float32Array; ttlMs: number }
}

/** Questions under one key: beyond, the oldest go. */
const maxQuestions = 200
/** Of an answer with its passages. */
const maxBytes = 256 * 1024

/**
 * Looks for an answer to the same question in other words, given to somebody with the same rights from the same documents
 * by the same release. Whatever one of its documents became unreadable meanwhile, it is not given.
 */
export async function recall(
  run: Run,
  what: { access: AnswerAccess; asked: AskedText; span: Span },
): Promise<Recall> {
  const found = await lookFor(run, what)
  const { verdict, reason } = found
  Object.assign(what.span.attributes, { cache: verdict, reason })
  run.reached.cache = { verdict, reason }
  run.question.onCache?.(`${verdict}; ${reason}`)
  return found
}

async function lookFor(
  run: Run,
  { access, asked }: { access: AnswerAccess; asked: AskedText },
): Promise<Recall> {
  const { house, context } = run
  const semantic = access.assistant.spec.cache!.semantic
  const control = directives(run.question.cacheControl)
  const embedder = access.bases.map((base) => house.embedder(base)).find((one) => one)
  const why = control.has('no-store') ? 'no-store' : unfit(run, { access, asked })
  if (why || !embedder) return { verdict: 'bypass', reason: why ?? 'no embedder' }
  const epochs = house.store.epochs(context.organizationId)
  const { caches } = epochs instanceof Promise ? await epochs : epochs
  const partition = { organizationId: context.organizationId, generation: caches }
  const key = keyOf(run, access, { asked, embedder: embedder.digest })
  const vector = await embedder.embedQuery(asked.text, context.signal)
  const keep = { partition, key, vector, ttlMs: semantic.ttlSeconds * 1_000 }
  if (control.has('no-cache')) return { verdict: 'miss', reason: 'no-cache', keep }
  const near = nearest(run, { keep, asked, from: semantic.threshold ?? sameFrom })
  if ('reason' in near) return { verdict: 'miss', reason: near.reason, keep }
  if (!(await stillReadable(run, access, near.given))) {
    return { verdict: 'miss', reason: 'a document of it may not be read now', keep }
  }
  const seconds = Math.floor((house.clock.now().getTime() - near.given.at) / 1_000)
  const reason = `kept for ${seconds} s, similarity ${near.similarity.toFixed(3)}`
  return { verdict: 'hit', reason, given: near.given }
}

function unfit(
  { question }: Run,
  { access, asked }: { access: AnswerAccess; asked: AskedText },
): string | undefined {
  if (access.history.questions.length > 0) return 'a conversation'
  if (asked.scope.size > 0) return 'personal data in the question'
  if (access.underWay) return 'documents are being read'
  if (!access.epochs) return 'too many knowledge bases'
  return question.text.length > 2_000 ? 'too long' : undefined
}

/** All that an answer depends on beside the question, and all that says who may see it. */
function keyOf(
  { context, question, house }: Run,
  access: AnswerAccess,
  { asked, embedder }: { asked: AskedText; embedder: string },
): string {
  const { assistant, snapshot, prompt } = access
  const { candidates } = snapshot.require('Route', assistant.spec.route).spec
  const { principal, labels } = context
  const personal = candidates?.some(({ when }) => when?.principals)
  const { conversation: _, ...told } = labels ?? {}
  return digestOf({
    assistant: assistant.name,
    release: access.release.digest,
    constraint: [...access.constraint.permissionSetIds],
    rights: rightsOf(principal),
    who: personal ? [principal.id, principal.userId] : null,
    masked: [asked.maskedInput, asked.maskOutput],
    filter: question.filter ?? null,
    labels: told,
    documents: access.bases.map(({ name }) => [name, access.epochs?.get(name) ?? 0]),
    embedder,
    day: prompt.spec.system.includes('date') ? house.clock.now().toISOString().slice(0, 10) : null,
  })
}

function nearest(
  { house }: Run,
  {
    keep: { partition, key, vector },
    asked,
    from,
  }: { keep: NonNullable<Recall['keep']>; asked: AskedText; from: number },
): { given: GivenAnswer; similarity: number } | { reason: string } {
  const now = house.clock.now().getTime()
  const kept = house.recalled.get(partition, key, now)?.answers ?? []
  const near = kept
    .filter(({ until }) => until > now)
    .map((given) => ({ given, similarity: similarity(given.vector, vector) }))
    .sort((a, b) => b.similarity - a.similarity)
  const [best] = near
  if (!best) return { reason: 'first' }
  if (best.similarity < from) {
    return { reason: `similarity ${best.similarity.toFixed(3)} is below ${from}` }
  }
  let why = ''
  for (const one of near) {
    if (one.similarity < from) break
    const difference = differenceOf(asked.text, one.given.text, one.given.language)
    if (!difference) return one
    why ||= difference
  }
  return { reason: `similarity ${best.similarity.toFixed(3)}, but other ${why}` }
}

function similarity(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

async function stillReadable(run: Run, access: AnswerAccess, given: GivenAnswer): Promise<boolean> {
  const { organizationId, principal } = run.context
  const versions = given.conclusion.passages.map(({ versionId }) => versionId)
  const sight = sightOf(access.snapshot, principal, access.constraint)
  const readable = await run.house.store.read(organizationId, (tx) =>
    readableVersions(tx, sight, versions),
  )
  return versions.every((id) => readable.has(id))
}

/** Says it again, as it came the first time. */
export async function* sayAgain(
  run: Run,
  what: { access: AnswerAccess; asked: AskedText; given: GivenAnswer },
): AsyncGenerator<Part, Conclusion> {
  const { access, asked, given } = what
  const { conclusion, parts, traceId } = given
  yield { type: 'passages', passages: conclusion.passages }
  for (const part of parts) yield part
  const { text, citations, unsupported, passages, dense, model, route, checks } = conclusion
  const detail = `${run.reached.cache?.reason}; first answered in trace ${traceId}`
  return conclude({
    outcome: 'answered',
    ...{ text, citations, unsupported, passages, dense, model, route, access, asked },
    // Nobody was asked.
    modelPrice: { input: 0, output: 0 },
    checks: [...checks, { check: 'cache', result: 'hit', detail }],
  })
}

/** Passes parts on, and notes them. */
export async function* noting<T>(
  parts: AsyncGenerator<Part, T>,
  noted: Part[],
): AsyncGenerator<Part, T> {
  for (;;) {
    const next = await parts.next()
    if (next.done) return next.value
    noted.push(next.value)
    yield next.value
  }
}

/** Keeps an answer that was given whole, from all documents there are. */
export function keepGiven(
  run: Run,
  recall: Recall | undefined,
  { parts, conclusion }: { parts: readonly Part[]; conclusion: Conclusion },
): void {
  const { reading } = run.reached
  if (!recall?.keep || conclusion.outcome !== 'answered' || reading) return
  const { partition, key, vector, ttlMs } = recall.keep
  const { recalled, clock } = run.house
  const now = clock.now().getTime()
  const { access: _, asked, ...facts } = conclusion
  const bytes = JSON.stringify([facts.passages, facts.citations, facts.text]).length * 4
  if (bytes > maxBytes || !asked) return
  const given: GivenAnswer = {
    text: asked.text,
    language: detectLanguage(asked.text),
    vector,
    parts,
    conclusion: { ...facts, access: undefined, asked: undefined },
    traceId: run.trace.id,
    at: now,
    until: now + ttlMs,
  }
  const before = recalled.get(partition, key, now)
  const old = before?.answers.filter(({ until }) => until > now).slice(1 - maxQuestions) ?? []
  const answers = [...old, given]
  recalled.set(partition, key, {
    answers,
    bytes: answers.length === 1 ? bytes : Math.ceil((before?.bytes ?? 0) + bytes),
    keptAt: now,
    until: Math.max(...answers.map(({ until }) => until)),
  })
}
