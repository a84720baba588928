import { analyseIn, type Found, type Ground } from '#data'
import { type CheckedPart, CitationChecker, Masker } from '#governance'
import { limits, type Span } from '#kernel'
import type { AnswerAccess } from './authorizing.ts'
import type { ExecutedPart } from './executing.ts'
import { type AskedText, type ReadablePassages, regionsOf } from './masking.ts'
import type { Citation, Part, Unsupported } from './parts.ts'
import { type Conclusion, conclude } from './refusing.ts'
import type { Choices } from './routing.ts'
import type { Run } from './run.ts'

interface Checked {
  access: AnswerAccess
  asked: AskedText
  found: Found
  ground: Ground
  readable: ReadablePassages
  choices: Choices
  parts: AsyncIterable<ExecutedPart>
}

/** What the stream has said so far. */
interface Told {
  text: string
  citations: Citation[]
  unsupported: Unsupported[]
  withheld: string | undefined
  abstained: string | undefined
  model: string | null
  usage: { inputTokens: number; outputTokens: number }
}

/**
 * Masks and checks the answer while it streams: personal data first, then every citation against the source text.
 * What a sentence cites is tied to offsets in the stored document; what nothing supports is marked, removed or withholds
 * the answer, as the guardrail says.
 */
export async function* validate(run: Run, what: Checked): AsyncGenerator<Part, Conclusion> {
  const { access, asked, ground } = what
  const checker = new CitationChecker({
    passages: ground.passages,
    analyse: analyseIn,
    language: what.found.candidates[0]?.language ?? 'en',
    policy: access.guardrail.spec.citations,
  })
  const masker = asked.maskOutput
    ? new Masker(asked.scope, { existing: 'keep', regions: regionsOf(access) })
    : undefined
  const told: Told = {
    text: '',
    citations: [],
    unsupported: [],
    withheld: undefined,
    abstained: undefined,
    model: null,
    usage: { inputTokens: 0, outputTokens: 0 },
  }
  let span: Span | undefined
  for await (const part of what.parts) {
    // Begins with what there is to check: until then the model is at work.
    span ??= run.trace.start('validate')
    if (part.type === 'text') {
      const text = masker ? await masker.push(part.text) : part.text
      yield* tell(checker.push(text), told, what)
    } else if (part.type === 'abstain') told.abstained = part.reason
    else if (part.type === 'usage') {
      told.usage = { inputTokens: part.inputTokens, outputTokens: part.outputTokens }
    } else if (part.type === 'model') told.model = part.model
  }
  if (masker) yield* tell(checker.push(await masker.flush()), told, what)
  yield* tell(checker.end(), told, what)
  const { report } = checker
  if (span) run.trace.end(span, { claims: report.claims, supported: report.supported })
  return concluded(what, told, report)
}

function* tell(parts: readonly CheckedPart[], told: Told, what: Checked): Generator<Part> {
  for (const part of parts) {
    if (part.type === 'text') {
      if (told.text.length >= limits.answerChars) continue
      told.text += part.text
      yield part
    } else if (part.type === 'citation') {
      const citation = toCitation(part, what)
      told.citations.push(citation)
      yield { type: 'citation', citation }
    } else if (part.type === 'withheld') told.withheld = part.reason
    else if (part.kind !== 'unanswered' && !part.removed) {
      const span = { start: part.sentenceStart, end: part.sentenceEnd, support: part.support }
      told.unsupported.push(span)
      yield { type: 'unsupported', ...span }
    }
  }
}

function toCitation(
  part: Extract<CheckedPart, { type: 'citation' }>,
  { readable, ground }: Checked,
): Citation {
  const candidate = readable.byChunk.get(part.chunkId)
  const passage = ground.passages.find((one) => one.number === part.number)
  const local = part.start - (passage?.start ?? 0)
  const quote = passage?.text.slice(local, local + part.end - part.start) ?? ''
  return {
    number: part.number,
    chunkId: Number(part.chunkId),
    documentId: part.documentId,
    versionId: part.documentVersionId,
    title: candidate?.title ?? '',
    headingPath: candidate?.headingPath ?? [],
    quote,
    start: readable.storedOffset(part.chunkId, part.start, 'start'),
    end: readable.storedOffset(part.chunkId, part.end, 'end'),
    page: part.page ?? null,
    sentenceStart: part.sentenceStart,
    sentenceEnd: part.sentenceEnd,
    support: part.support,
    exact: part.exact,
  }
}

type Report = CitationChecker['report']

function concluded(what: Checked, told: Told, report: Report): Conclusion {
  const { access, asked, found, choices } = what
  const facts = {
    access,
    asked,
    passages: what.readable.shown(what.ground),
    dense: found.dense,
    model: told.model,
    modelPrice: choices.priceOf(told.model),
    usage: told.usage,
    route: choices.explained(told.model),
    checks: checksOf(told, report),
  }
  if (told.withheld !== undefined) {
    const text = 'The answer was withheld, because the documents do not support it.'
    return conclude({ ...facts, outcome: 'withheld', text, reason: told.withheld })
  }
  const unanswered = told.abstained !== undefined || (report.unanswered && report.supported === 0)
  if (unanswered || told.text.trim() === '') {
    const reason = told.abstained ?? 'The documents do not answer the question.'
    return conclude({ ...facts, outcome: 'ungrounded', text: told.text.trim() || reason, reason })
  }
  const { text, citations, unsupported } = told
  return conclude({ ...facts, outcome: 'answered', text, citations, unsupported })
}

function checksOf(told: Told, report: Report): Conclusion['checks'] {
  const share = `${report.supported} of ${report.claims} statements are supported`
  const result = told.withheld ? 'withheld' : told.unsupported.length > 0 ? 'marked' : 'passed'
  const checks = [{ check: 'citations', result, detail: share }]
  if (report.unknownMarkers > 0) {
    const detail = `${report.unknownMarkers} citations named a passage that was not given`
    checks.push({ check: 'markers', result: 'repaired', detail })
  }
  if (told.abstained)
    checks.push({ check: 'evidence', result: 'abstained', detail: told.abstained })
  return checks
}
