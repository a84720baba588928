import type { EvalQuestion } from './questions.ts'

export interface EvalCitation {
  documentId: string
  versionId: string
  quote: string
  /** Span of the stored text. */
  start: number
  end: number
  sentenceStart: number
  sentenceEnd: number
}

export interface EvalAnswer {
  outcome: string
  text: string
  citations: readonly EvalCitation[]
  traceId: string
  tookMs: number
}

export interface EvalHit {
  /** Path of the document below its source's folder. */
  document: string
  text: string
}

/** How the evaluated system is asked; `asUser` null stands for anybody. Nothing here knows which system it is. */
export interface EvalDoor {
  ask(question: EvalQuestion, asUser: string | null): Promise<EvalAnswer>
  /** The passages found for the question, best first, at most `k`. */
  search(question: EvalQuestion, asUser: string | null, k: number): Promise<readonly EvalHit[]>
  /** Stored text that a citation points into, read as the same user; undefined where they may not. */
  textOf(citation: EvalCitation, asUser: string | null): Promise<string | undefined>
}

/** What one question came to. Fields are null where they do not apply to it. */
export interface EvalResult {
  id: string
  outcome: string
  text: string
  traceId: string
  tookMs: number
  goldFound: boolean | null
  allGoldFound: boolean | null
  expected: boolean | null
  abstained: boolean | null
  forbidden: string[] | null
  citations: number
  exactCitations: number
  /** People who must not get the answer, and whether they learned any of it. */
  denied: { user: string; outcome: string; leaked: string[] }[]
}

export interface EvalOptions {
  /** Passages looked at for gold; default 8. */
  k?: number
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/** Asks every question as the right person, and as those who must not learn the answer. */
export async function runEval(
  questions: readonly EvalQuestion[],
  door: EvalDoor,
  options: EvalOptions = {},
): Promise<EvalResult[]> {
  const results: EvalResult[] = []
  for (const question of questions) {
    options.signal?.throwIfAborted()
    results.push(await runOne(question, door, options.k ?? 8))
    options.onProgress?.(results.length, questions.length)
  }
  return results
}

async function runOne(question: EvalQuestion, door: EvalDoor, k: number): Promise<EvalResult> {
  const { asUser, answerable, gold, expect, forbid } = question
  const hits = gold.length > 0 ? await door.search(question, asUser, k) : []
  const found = gold.map((one) => holdsGold(hits, one))
  const answer = await door.ask(question, asUser)
  const answered = answer.outcome === 'answered'
  return {
    id: question.id,
    outcome: answer.outcome,
    text: answer.text,
    traceId: answer.traceId,
    tookMs: answer.tookMs,
    goldFound: gold.length > 0 ? found.some(Boolean) : null,
    allGoldFound: gold.length > 0 ? found.every(Boolean) : null,
    expected: answerable && expect.length > 0 ? answered && holdsAll(answer.text, expect) : null,
    abstained: answerable ? null : answer.outcome === 'ungrounded',
    forbidden: forbid.length > 0 ? forbid.filter((one) => holds(answer.text, one)) : null,
    ...(await checkCitations(answer, door, asUser)),
    denied: await askDenied(question, door, k),
  }
}

async function checkCitations(answer: EvalAnswer, door: EvalDoor, asUser: string | null) {
  let exactCitations = 0
  for (const citation of answer.citations) {
    const text = await door.textOf(citation, asUser)
    const quoted = text?.slice(citation.start, citation.end)
    if (quoted !== undefined && quoted !== '' && quoted === citation.quote) exactCitations++
  }
  return { citations: answer.citations.length, exactCitations }
}

async function askDenied(
  question: EvalQuestion,
  door: EvalDoor,
  k: number,
): Promise<EvalResult['denied']> {
  const denied: EvalResult['denied'] = []
  for (const user of question.deniedTo) {
    const answer = await door.ask(question, user)
    const hits = await door.search(question, user, k)
    denied.push({ user, outcome: answer.outcome, leaked: leaksIn(question, answer, hits) })
  }
  return denied
}

/** Traces of what somebody must not learn, in answer, citations and passages. */
function leaksIn(
  { gold, expect }: EvalQuestion,
  answer: EvalAnswer,
  hits: readonly EvalHit[],
): string[] {
  const leaks: string[] = []
  const quotes = answer.citations.map((citation) => citation.quote)
  for (const { document, quote } of gold) {
    if (hits.some((hit) => hit.document === document)) leaks.push(`passage of ${document}`)
    if ([answer.text, ...quotes].some((text) => holds(text, quote)))
      leaks.push(`words of ${document}`)
  }
  if (answer.outcome === 'answered' && holdsAll(answer.text, expect)) leaks.push('the fact itself')
  return leaks
}

const squeezed = (text: string) => text.normalize('NFC').replace(/\s+/g, '')

/** Whether a text holds the words as they stand, white space aside. */
function holds(text: string, words: string): boolean {
  return squeezed(text).toLowerCase().includes(squeezed(words).toLowerCase())
}

function holdsAll(text: string, facts: readonly string[]): boolean {
  return facts.every((fact) => fact.split('|').some((spelling) => holds(text, spelling)))
}

/** A gold passage may be cut in two: neighbours of one document count together, as they were found. */
function holdsGold(hits: readonly EvalHit[], gold: { document: string; quote: string }): boolean {
  const texts = hits.filter((hit) => hit.document === gold.document).map((hit) => hit.text)
  return texts.some((text) => holds(text, gold.quote))
}
