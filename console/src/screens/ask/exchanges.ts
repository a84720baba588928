import type {
  Citation,
  ConversationDetail,
  Message,
  Outcome,
  Passage,
  PlinthProblem,
  Unsupported,
} from '@plinth/sdk'
import type { Turn } from './turns.ts'

/** One question with its answer, stored or still arriving, as the page shows it. */
export interface Exchange {
  key: string
  question: string
  outcome: Outcome | null
  text: string
  reason: string | null
  citations: Citation[]
  unsupported: Unsupported[]
  traceId: string | null
  rating: number | null
  model: string | null
  tookMs: number | null
  /** What is being done now; null when it is done. */
  step: string | null
  stepNote: string | null
  /** What was found for it; null where this page did not see it asked. */
  passages: readonly Passage[] | null
  turnKey: string | null
  problem: PlinthProblem | null
  /** Documents were still being read: what the answer may lack, in a sentence. */
  reading: string | null
}

const nothing = {
  reason: null,
  model: null,
  tookMs: null,
  step: null,
  stepNote: null,
  passages: null,
  turnKey: null,
  problem: null,
  reading: null,
}

/** Stored messages in order, then the turns that the server has not told about yet. */
export function exchangesOf(
  stored: ConversationDetail | undefined,
  turns: readonly Turn[],
): Exchange[] {
  const known = new Map<string, Turn>()
  for (const turn of turns) if (turn.answer) known.set(turn.answer.traceId, turn)
  const exchanges: Exchange[] = []
  let question: Message | undefined
  for (const message of stored?.messages ?? []) {
    if (message.role === 'user') {
      if (question) exchanges.push(unanswered(question))
      question = message
    } else {
      exchanges.push(ofMessages(question, message, known.get(message.traceId ?? '')))
      question = undefined
    }
  }
  const seen = new Set(exchanges.map(({ traceId }) => traceId))
  const live = turns.filter((turn) => !turn.answer || !seen.has(turn.answer.traceId))
  // A question whose answer is still arriving may be stored already.
  if (question && !live.some((turn) => turn.question === question.content)) {
    exchanges.push(unanswered(question))
  }
  return [...exchanges, ...live.map(ofTurn)]
}

function unanswered(question: Message): Exchange {
  return {
    ...nothing,
    key: question.id,
    question: question.content,
    outcome: 'cancelled',
    text: '',
    citations: [],
    unsupported: [],
    traceId: question.traceId,
    rating: null,
  }
}

function ofMessages(question: Message | undefined, message: Message, turn?: Turn): Exchange {
  const answer = turn?.answer
  return {
    ...nothing,
    key: message.id,
    question: question?.content ?? '',
    outcome: message.outcome,
    text: message.content,
    reason: answer?.reason ?? null,
    citations: message.citations,
    unsupported: message.unsupported,
    traceId: message.traceId,
    rating: message.rating,
    model: answer?.model ?? null,
    tookMs: answer?.tookMs ?? null,
    passages: turn?.passages ?? null,
    reading: answer?.reading?.note ?? null,
  }
}

function ofTurn(turn: Turn): Exchange {
  const { answer } = turn
  return {
    key: answer?.messageId ?? turn.key,
    question: turn.question,
    outcome: answer?.outcome ?? (turn.phase === 'stopped' ? 'cancelled' : null),
    text: answer?.text ?? turn.text,
    reason: answer?.reason ?? null,
    citations: answer?.citations ?? turn.citations,
    unsupported: answer?.unsupported ?? turn.unsupported,
    traceId: answer?.traceId ?? null,
    rating: null,
    model: answer?.model ?? null,
    tookMs: answer?.tookMs ?? null,
    step: turn.phase === 'running' ? turn.step : null,
    stepNote: turn.note,
    passages: turn.passages,
    turnKey: turn.key,
    problem: turn.problem,
    reading: answer?.reading?.note ?? null,
  }
}

/** The answer with its sources below, to paste elsewhere. */
export function withSources(exchange: Exchange): string {
  const sources = distinctCitations(exchange.citations).map((citation) => {
    const place = citation.page === null ? '' : `, page ${citation.page}`
    const path = citation.headingPath.length > 0 ? `, ${citation.headingPath.join(' › ')}` : ''
    const link = `${location.origin}/documents/${citation.documentId}?version=${citation.versionId}`
    const at = `${link}&start=${citation.start}&end=${citation.end}`
    return `[${citation.number}] ${citation.title}${path}${place} ${at}`
  })
  return [exchange.text, ...(sources.length > 0 ? ['', ...sources] : [])].join('\n')
}

/** All that the sentences with this number rest on: one passage may support several. */
export function spansOf(citations: Citation[], number: number | undefined) {
  return citations
    .filter((citation) => citation.number === number)
    .map(({ start, end }) => ({ start, end }))
}

/** One per number: a passage may support several sentences. */
export function distinctCitations(citations: Citation[]): Citation[] {
  const byNumber = new Map<number, Citation>()
  for (const citation of citations) {
    if (!byNumber.has(citation.number)) byNumber.set(citation.number, citation)
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number)
}

/** The first passage of each document, best first. */
export function closestDocuments(passages: readonly Passage[], most: number): Passage[] {
  const byDocument = new Map<string, Passage>()
  for (const passage of passages) {
    if (!byDocument.has(passage.documentId)) byDocument.set(passage.documentId, passage)
  }
  return [...byDocument.values()].slice(0, most)
}
