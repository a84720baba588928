import type { AuditActor } from '#governance'
import { PlinthError, type Principal, type RequestContext } from '#kernel'
import type { Candidate } from '#models'
import { type EvalQuestion, runEval } from '#ops'
import type { JobContext, JobOutcome, Snapshot } from '#store'
import { answer } from '../answer/answer.ts'
import type { AnswerHouse } from '../answer/house.ts'
import type { Answered, Question } from '../answer/parts.ts'
import { type Compared, comparedOf, type Demands, type Measured, type Tried } from './report.ts'

/** What a job of the kind `compare` is given. */
export interface CompareInput extends Demands {
  name: string
  models: string[]
  /** Instead of what each question names. */
  assistant?: string
  questions: EvalQuestion[]
  /** Questions that are under way at once. */
  concurrency: number
  actor: AuditActor
}

export interface CompareDeps {
  house: AnswerHouse
  /** Who asked for it, as far as they may ask still. */
  asker(organizationId: string, actor: AuditActor): Promise<Principal | undefined>
}

/** Questions of one step: a job that is taken over asks at most so many again. */
const perStep = 20

/**
 * Asks each candidate the same questions over the same knowledge, as whoever started it, one candidate after the other,
 * and draws one table. Each answer leaves its trace and its audit event, like any other.
 */
export async function compareModels(context: JobContext, deps: CompareDeps): Promise<JobOutcome> {
  const input = context.job.input as CompareInput
  const { organizationId } = context.job
  const principal = await deps.asker(organizationId, input.actor)
  if (!principal) throw new PlinthError('FORBIDDEN', 'Who asked for this may not compare models.')
  const snapshot = await deps.house.snapshots.get(organizationId)
  const table: Compared[] = []
  for (const [i, model] of input.models.entries()) {
    const candidate = candidateOf(deps.house, snapshot, model)
    const measured: Measured = { tried: [], seconds: 0 }
    for (let from = 0; from < input.questions.length; from += perStep) {
      context.signal.throwIfAborted()
      const part: Measured = await context.step(`${i}-${from}`, () =>
        askSome(input.questions.slice(from, from + perStep), {
          ...{ input, model, house: deps.house },
          context: { organizationId, principal, requestId: context.job.id, signal: context.signal },
        }),
      )
      measured.tried.push(...part.tried)
      measured.seconds += part.seconds
      context.progress({
        current: `${model}: ${measured.tried.length} of ${input.questions.length}`,
      })
    }
    table.push(comparedOf(candidate, measured, { ...input, at: deps.house.clock.now().getTime() }))
  }
  return { done: { snapshot: snapshot.digest, candidates: table } }
}

/** @throws NOT_FOUND for a name that leads to no Model that can be called. */
export function candidateOf(house: AnswerHouse, snapshot: Snapshot, name: string): Candidate {
  const route = house.models.router.routes(snapshot).model(name)
  const [candidate] = route.candidates
  if (candidate) return candidate
  const reason = route.missing[0]?.unfit.reason ?? `there is no model ${name}`
  throw new PlinthError('NOT_FOUND', { detail: `Nothing to compare: ${reason}.`, where: 'models' })
}

interface Asking {
  input: CompareInput
  model: string
  house: AnswerHouse
  context: RequestContext
}

async function askSome(questions: readonly EvalQuestion[], asking: Asking): Promise<Measured> {
  const begun = performance.now()
  const tried: Tried[] = []
  let next = 0
  const ask = async () => {
    while (next < questions.length) {
      asking.context.signal.throwIfAborted()
      const at = next++
      tried[at] = await tryOne(questions[at] as EvalQuestion, asking)
    }
  }
  const width = Math.min(asking.input.concurrency, questions.length)
  await Promise.all(Array.from({ length: width }, ask))
  return { tried, seconds: (performance.now() - begun) / 1_000 }
}

async function tryOne(question: EvalQuestion, { input, model, house, context }: Asking) {
  const assistant = input.assistant ?? question.assistant
  const begun = performance.now()
  const asked: Question = { text: question.question, save: false, assistant, model }
  const { answered, firstTokenMs } = await drained(answer(asked, context, house), begun)
  const tookMs = performance.now() - begun
  // Scored as `plinth eval` does; retrieval is the same for every candidate, and is not looked at again.
  const plain = { ...question, gold: [], deniedTo: [] }
  const [scored] = await runEval([plain], {
    ask: async () => ({ ...answered, tookMs }),
    search: async () => [],
    textOf: async () => undefined,
  })
  const followed = (scored?.forbidden?.length ?? 0) > 0
  const right = scored?.expected ?? scored?.abstained ?? null
  return {
    outcome: answered.outcome,
    right: right === null ? null : right && !followed,
    answerable: question.answerable,
    tookMs,
    firstTokenMs,
    inputTokens: answered.usage.inputTokens,
    outputTokens: answered.usage.outputTokens,
    costUsd: answered.usage.costUsd,
    traceId: answered.traceId,
  }
}

async function drained(
  parts: ReturnType<typeof answer>,
  begun: number,
): Promise<{ answered: Answered; firstTokenMs: number | null }> {
  let firstTokenMs: number | null = null
  for (;;) {
    const next = await parts.next()
    if (next.done) return { answered: next.value, firstTokenMs }
    if (next.value.type === 'text') firstTokenMs ??= performance.now() - begun
  }
}
