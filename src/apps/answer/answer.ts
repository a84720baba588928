import { makePlan } from '#agents'
import { groundIn } from '#data'
import { type RequestContext, Trace, toPlinthError } from '#kernel'
import { type AnswerAccess, authorize } from './authorizing.ts'
import { execute } from './executing.ts'
import { find } from './finding.ts'
import type { AnswerHouse } from './house.ts'
import { type AskedText, maskPassages, maskQuestion } from './masking.ts'
import type { Answered, Part, Question } from './parts.ts'
import { keepGiven, noting, type Recall, recall, sayAgain } from './recall/recalling.ts'
import { record } from './recording.ts'
import { denied, failed, ungrounded } from './refusing.ts'
import { chooseModels } from './routing.ts'
import type { Run } from './run.ts'
import { validate } from './validating.ts'

/**
 * One question, answered from what the asker may read. Streams parts, returns what became of it, and never throws for
 * an expected outcome: refusals, outages of a model and a caller who leaves all end in a recorded `Answered`.
 */
export async function* answer(
  question: Question,
  context: RequestContext,
  house: AnswerHouse,
): AsyncGenerator<Part, Answered> {
  const trace = new Trace(house.clock.now())
  const run: Run = { question, context, house, trace, reached: {} }
  const access = await trace.step('authorize', () => authorize(run))
  if ('rule' in access) return record(run, denied(access))
  try {
    const asked = await trace.step('mask', (span) => maskQuestion(run, access, span))
    run.reached.asked = asked
    const recalled = await recallFor(run, access, asked)
    if (recalled?.given) {
      const { given } = recalled
      return record(run, yield* sayAgain(run, { access, asked, given }))
    }
    yield { type: 'step', step: 'retrieve' }
    const found = await trace.step('retrieve', (span) => find(run, { access, asked, span }))
    const readable = await trace.step('ground', (span) =>
      maskPassages({ access, asked, found, span }),
    )
    const ground = groundIn(readable.candidates, { tokens: access.assistant.spec.groundTokens })
    yield { type: 'passages', passages: readable.shown(ground) }
    if (ground.empty) return record(run, ungrounded(access, { asked, found }))
    const plan = await trace.step('plan', () => makePlan(ground, access))
    const choices = await trace.step('route', (span) =>
      chooseModels(run, { access, asked, ground, maxOutputTokens: plan.maxOutputTokens }, span),
    )
    run.reached.choices = choices
    yield { type: 'step', step: 'execute', note: choices.models[0] ?? '' }
    const parts = execute(run, { access, asked, ground, plan, choices })
    const said = validate(run, { access, asked, found, ground, readable, choices, parts })
    if (!recalled?.keep) return record(run, yield* said)
    const noted: Part[] = []
    const conclusion = yield* noting(said, noted)
    const answered = await record(run, conclusion)
    keepGiven(run, recalled, { parts: noted, conclusion })
    return answered
  } catch (error) {
    return record(run, await failed(run, access, toPlinthError(error)))
  }
}

/** Only where the assistant keeps answers. */
async function recallFor(
  run: Run,
  access: AnswerAccess,
  asked: AskedText,
): Promise<Recall | undefined> {
  if (!access.assistant.spec.cache) return undefined
  return run.trace.step('recall', (span) => recall(run, { access, asked, span }))
}
