import type { Answer, AskRequest, Citation, Passage, SearchHit } from '@plinth/sdk'
import { AnswerText } from '../answer-text.ts'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { cutTo, folded, printable } from '../text.ts'
import { type Verb, type VerbCall, wholeNumber } from '../verb.ts'

const outcomes: Readonly<Record<Answer['outcome'], ExitName>> = {
  answered: 'ok',
  ungrounded: 'ungrounded',
  denied: 'refused',
  withheld: 'withheld',
  failed: 'failed',
  cancelled: 'interrupted',
}

const quoteChars = 300
/** Documents that an answer which found nothing names. */
const maxClosest = 3

export const answerVerbs: Verb[] = [
  {
    name: 'ask',
    summary: 'Ask an assistant; the answer streams, its sources follow',
    needs: ['answers.ask'],
    define: (command) =>
      command
        .argument('<question>', 'the question; "-" reads it from standard input')
        .option('-a, --assistant <name>', 'which assistant (default: the first)')
        .option('-c, --conversation <id>', 'go on with this conversation')
        .option('--no-save', 'keep nothing but the trace'),
    run: ask,
  },
  {
    name: 'search',
    summary: 'Find passages by words and by meaning',
    needs: ['documents.read'],
    define: (command) =>
      command
        .argument('<query>')
        .option('-b, --base <name...>', 'knowledge bases (default: all)')
        .option('-n, --top <n>', 'at most so many passages', wholeNumber)
        .option('--dense-weight <share>', 'share of the search by meaning, 0 to 1', share)
        .option('--explain', 'show how both searches scored each passage'),
    run: search,
  },
]

async function ask(call: VerbCall): Promise<ExitName> {
  const given = call.arg(0)
  const question = given === '-' ? (await call.io.stdin()).trim() : (given ?? '')
  if (question === '') throw usage('The question is empty.', 'Write it in quotes after `ask`.')
  const request: AskRequest = {
    question,
    assistant: call.option('assistant'),
    conversationId: call.option('conversation'),
    save: call.option<boolean>('save') !== false,
  }
  const abort = new AbortController()
  const release = call.io.onInterrupt(() => abort.abort())
  try {
    return await stream(call, request, abort.signal)
  } finally {
    release()
  }
}

async function stream(call: VerbCall, request: AskRequest, signal: AbortSignal): Promise<ExitName> {
  const client = await call.client()
  const shown = new AnswerText()
  let told = ''
  let passages: readonly Passage[] = []
  for await (const event of client.answers.askStream(request, { signal })) {
    if (event.type === 'step') call.progress.show(`${event.step} ${event.note ?? ''}…`)
    else if (event.type === 'passages') passages = event.passages
    else if (event.type === 'text' && !call.json) {
      call.progress.clear()
      told += event.text
      await call.io.out(printable(shown.push(event.text)))
    } else if (event.type === 'answer') {
      if (!call.json) await call.io.out(printable(shown.end()))
      await conclude(call, event.answer, told)
      const unread = event.answer.reading !== undefined
      if (event.answer.outcome === 'ungrounded' && !call.json && !unread)
        await sayNextStep(call, passages)
      return outcomes[event.answer.outcome]
    }
  }
  return 'failed'
}

/** What was looked at in vain, and what to do about it. */
async function sayNextStep(call: VerbCall, passages: readonly Passage[]): Promise<void> {
  const closest = distinctDocuments(passages).slice(0, maxClosest)
  if (closest.length === 0) {
    await call.say('\nNext: `plinth documents list` shows what you may read.')
    return
  }
  await call.say('\nClosest documents')
  for (const one of closest) {
    await call.say(`  ${placeOf(one)}\n    plinth documents show ${one.documentId}`)
  }
  await call.say(
    'Next: ask again with the words of these documents, read one, or ask whoever keeps them.',
  )
}

function distinctDocuments(passages: readonly Passage[]): Passage[] {
  const seen = new Set<string>()
  return passages.filter(({ documentId }) => !seen.has(documentId) && seen.add(documentId))
}

async function conclude(call: VerbCall, answer: Answer, told: string): Promise<void> {
  await call.data(answer)
  if (call.json) return
  // A withheld or repaired answer may not be what was streamed.
  if (told.trim() === '' || answer.outcome === 'withheld') await call.say(`\n${answer.text}`.trim())
  else await call.say('')
  if (answer.reason && answer.outcome !== 'answered' && answer.reason !== answer.text) {
    await call.say(`Why: ${answer.reason}`)
  }
  if (answer.unsupported.length > 0) {
    await call.say('Not supported by a passage:')
    for (const { start, end } of answer.unsupported) {
      await call.say(`  - ${answer.text.slice(start, end).trim()}`)
    }
  }
  if (answer.reading) await call.say(`\n${answer.reading.note}`)
  const sources = Map.groupBy(answer.citations, (citation) => citation.number)
  if (sources.size > 0) await call.say('\nSources')
  for (const citations of sources.values()) await call.say(sourceText(citations, call.io.columns))
  const trail = [
    answer.model ? `model ${answer.model}` : undefined,
    `trace ${answer.traceId}`,
    answer.auditSeq === null ? undefined : `audit ${answer.auditSeq}`,
    answer.conversationId ? `conversation ${answer.conversationId}` : undefined,
  ]
  call.note(`\n${trail.filter(Boolean).join(' · ')}`)
}

/** One source with all that is quoted from it. */
function sourceText(citations: readonly Citation[], columns: number): string {
  const [first] = citations
  if (!first) return ''
  const quotes = new Map<string, string>()
  for (const { quote, exact, support } of citations) {
    const text = cutTo(quote.replace(/\s+/g, ' ').trim(), quoteChars)
    quotes.set(text, exact ? '' : ` (support ${support.toFixed(2)})`)
  }
  const lines = [...quotes].map(([quote, mark]) =>
    folded(`"${quote}"${mark}`, Math.min(columns, 100), '    '),
  )
  return [`[${first.number}] ${placeOf(first)}`, ...lines].join('\n')
}

function placeOf({ title, headingPath, page }: Citation | Passage): string {
  const headings = headingPath.slice(-1).filter((heading) => heading !== title)
  return [title, ...headings, page && `page ${page}`].filter(Boolean).join(', ')
}

async function search(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  let bases = call.option<string[]>('base')
  if (!bases) {
    const all = await client.knowledge.bases({ limit: 16 })
    bases = all.items.map((base) => base.name)
    if (bases.length === 0) {
      call.note('There is no knowledge base yet: `plinth apply -f` one.')
      return 'notFound'
    }
  }
  const topK = call.option<number>('top')
  const found = await client.knowledge.search({
    query: call.arg(0) ?? '',
    knowledgeBases: bases,
    ...(topK ? { topK } : {}),
    denseWeight: call.option<number>('denseWeight'),
  })
  await call.data(found)
  if (call.json) return found.hits.length > 0 ? 'ok' : 'notFound'
  const explain = call.option<boolean>('explain') === true
  for (const [i, hit] of found.hits.entries())
    await call.say(hitText(hit, i + 1, { explain, call }))
  if (explain) await call.say(explained(found))
  if (found.hits.length === 0) call.note('Nothing that you may read matches.')
  if (found.dense.off) call.note(`By words only: ${found.dense.off}`)
  return found.hits.length > 0 ? 'ok' : 'notFound'
}

function hitText(
  hit: SearchHit,
  rank: number,
  { explain, call }: { explain: boolean; call: VerbCall },
): string {
  const place = [hit.title, ...hit.headingPath.slice(-1), hit.page && `page ${hit.page}`]
  const head = `${String(rank).padStart(2)}  ${hit.score.toFixed(3)}  ${place.filter(Boolean).join(', ')}`
  const from = `    ${hit.knowledgeBase}/${hit.externalId}  ${hit.documentId}`
  const leg = (name: string, one: SearchHit['dense']) =>
    `${name} ${one ? `${one.score.toFixed(3)} (rank ${one.rank})` : 'not found'}`
  const legs = explain ? `\n    ${leg('words', hit.lexical)}, ${leg('meaning', hit.dense)}` : ''
  const text = cutTo(hit.text.replace(/\s+/g, ' ').trim(), quoteChars)
  return `${head}\n${from}${legs}\n${folded(text, Math.min(call.io.columns, 100), '    ')}\n`
}

function explained(found: {
  terms: string[]
  dense: { embedder: string | null }
  tookMs: Record<string, number>
  traceId: string
}): string {
  const took = Object.entries(found.tookMs).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
  return [
    `Words searched: ${found.terms.join(', ')}`,
    `Meaning: ${found.dense.embedder ?? 'off'}`,
    `Took: ${took.join(', ')}`,
    `Trace: ${found.traceId}`,
  ].join('\n')
}

function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw usage('--dense-weight takes a number from 0 to 1.', 'For example --dense-weight 0.5.')
  }
  return value
}
