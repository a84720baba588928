import type { Answer, AskEvent, Citation, Passage, PlinthProblem, Unsupported } from '@plinth/sdk'
import { useSyncExternalStore } from 'react'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { readDraft, writeDraft } from '../../data/drafts.ts'
import { serverBack } from '../../data/reach.ts'

/**
 * A question that was asked in this page, and its answer as it arrives. Turns live outside the components: going to
 * another page and back does not lose a running answer.
 *
 * running: events arrive · done: `answer` holds the result · stopped: the asker stopped it; what came is kept ·
 * broken: `problem` says why. Only a running turn changes.
 */
export interface Turn {
  key: string
  question: string
  assistant: string | undefined
  /** Null until the server has named the new conversation. */
  conversationId: string | null
  phase: 'running' | 'done' | 'stopped' | 'broken'
  step: string
  /** What the step says of itself. */
  note: string | null
  passages: readonly Passage[] | null
  text: string
  citations: Citation[]
  unsupported: Unsupported[]
  answer: Answer | null
  problem: PlinthProblem | null
  startedAt: string
}

const keptTurns = 50
let turns: readonly Turn[] = []
const listeners = new Set<() => void>()
const aborts = new Map<string, AbortController>()

export function useTurns(): readonly Turn[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => turns,
  )
}

let announced = false

/** At most one rendering per frame, however fast the words arrive. */
function announce() {
  if (announced) return
  announced = true
  const tell = () => {
    announced = false
    for (const listener of listeners) listener()
  }
  // A page in the background gets no frames, and must not hold back its state.
  if (document.hidden) setTimeout(tell)
  else requestAnimationFrame(tell)
}

function update(key: string, change: Partial<Turn>) {
  turns = turns.map((turn) => (turn.key === key ? { ...turn, ...change } : turn))
  announce()
}

export interface NewTurn {
  question: string
  assistant: string | undefined
  conversationId: string | null
}

export function startTurn(input: NewTurn): void {
  const key = crypto.randomUUID()
  const turn: Turn = {
    ...input,
    key,
    phase: 'running',
    step: 'authorize',
    note: null,
    passages: null,
    text: '',
    citations: [],
    unsupported: [],
    answer: null,
    problem: null,
    startedAt: new Date().toISOString(),
  }
  turns = [...turns, turn].slice(-keptTurns)
  const abort = new AbortController()
  aborts.set(key, abort)
  announce()
  void run(turn, abort.signal).finally(() => aborts.delete(key))
}

export function stopTurn(key: string): void {
  aborts.get(key)?.abort()
}

/** Takes a turn out of sight; a running answer goes on and ends up in its conversation. */
export function forgetTurns(match: (turn: Turn) => boolean): void {
  turns = turns.filter((turn) => !match(turn))
  announce()
}

async function run(turn: Turn, signal: AbortSignal): Promise<void> {
  const { key, question, assistant, conversationId } = turn
  const draft = `ask.${conversationId ?? 'new'}`
  let heard = false
  try {
    const events = plinth.answers.askStream({ question, assistant, conversationId }, { signal })
    for await (const event of events) {
      // It was kept after an attempt that reached nobody.
      if (!heard && readDraft(draft) === question) writeDraft(draft, '')
      heard = true
      take(key, event)
    }
  } catch (cause) {
    const problem = problemOf(cause)
    if (signal.aborted) update(key, { phase: 'stopped' })
    else update(key, { phase: 'broken', problem })
    if (!signal.aborted && problem.status === 0) {
      if (!heard && readDraft(draft) === '') writeDraft(draft, question)
      void serverBack()
    }
  }
  void queryClient.invalidateQueries({ queryKey: ['conversations'] })
}

function take(key: string, event: AskEvent) {
  const turn = turns.find((one) => one.key === key)
  if (!turn) return
  if (event.type === 'step') update(key, { step: event.step, note: event.note ?? null })
  else if (event.type === 'passages') update(key, { passages: event.passages })
  else if (event.type === 'text') update(key, { text: turn.text + event.text })
  else if (event.type === 'citation') {
    update(key, { citations: [...turn.citations, event.citation] })
  } else if (event.type === 'unsupported') {
    update(key, { unsupported: [...turn.unsupported, event] })
  } else if (event.type === 'answer') {
    const { answer } = event
    const conversationId = answer.conversationId ?? turn.conversationId
    update(key, { phase: 'done', answer, conversationId })
  }
}
