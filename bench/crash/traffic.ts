import type { BenchServer } from '../harness/server.ts'
import { fileCount } from './files.ts'

/** A text sent under a name: which of its contents were acknowledged, and which may or may not have arrived. */
export interface SentText {
  acknowledged: number
  /** Sent after the acknowledged one; the server died before it answered. */
  uncertain: number[]
}

export interface AcknowledgedAnswer {
  question: string
  traceId: string
  auditSeq: number
  conversationId: string
  messageId: string
  outcome: string
}

const writers = 2
const askers = 3
/** Clients think now and then: reading documents, which yields to questions, must get on between the kills. */
const mostPauseMs = 60
const names = 40

/** Clients that send documents and ask questions until the server dies, and remember what it acknowledged. */
export class Traffic {
  readonly texts = new Map<string, SentText>()
  readonly answers: AcknowledgedAnswer[] = []
  /** Questions without an answer: the server died meanwhile. */
  readonly uncertainQuestions = new Set<string>()
  readonly #random: () => number
  readonly #writing = new Set<string>()
  #content = 0
  #question = 0
  #running: Promise<void>[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  get counts() {
    return {
      texts_acknowledged_count: [...this.texts.values()].filter((t) => t.acknowledged > 0).length,
      contents_sent_count: this.#content,
      answers_acknowledged_count: this.answers.length,
      questions_cut_count: this.uncertainQuestions.size,
    }
  }

  get summary(): string {
    return `${this.#content} texts sent, ${this.answers.length} answers acknowledged`
  }

  start(server: BenchServer): void {
    this.#running = [
      ...Array.from({ length: writers }, () => untilDead(() => this.#write(server), this.#random)),
      ...Array.from({ length: askers }, () => untilDead(() => this.#ask(server), this.#random)),
    ]
  }

  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #write(server: BenchServer): Promise<void> {
    const name = `text${Math.floor(this.#random() * names)}.txt`
    // Two writers of one name at once could not tell whose content came last.
    if (this.#writing.has(name)) return
    this.#writing.add(name)
    const content = ++this.#content
    const text = this.texts.get(name) ?? { acknowledged: 0, uncertain: [] }
    this.texts.set(name, text)
    text.uncertain.push(content)
    try {
      const body = { source: 'texts', externalId: name, text: textOf(name, content) }
      const { status } = await server.call('POST', '/api/v1/documents', body)
      if (status >= 500) throw new Error(`${status}`)
      if (status !== 202) throw new Unexpected(`A document was answered with ${status}.`)
      text.acknowledged = content
      text.uncertain = []
    } finally {
      this.#writing.delete(name)
    }
  }

  async #ask(server: BenchServer): Promise<void> {
    const number = ++this.#question
    const question = `What is the mark of record ${number % fileCount}, please, asked as number ${number}?`
    this.uncertainQuestions.add(question)
    const earlier = this.answers.at(-1 - Math.floor(this.#random() * 20))
    const goOn = earlier && this.#random() < 0.3 ? { conversationId: earlier.conversationId } : {}
    const reply = await server.call('POST', '/api/v1/ask', { question, ...goOn })
    if (reply.status >= 500) throw new Error(`${reply.status}`)
    if (reply.status !== 200) throw new Unexpected(`A question was answered with ${reply.status}.`)
    const { traceId, auditSeq, conversationId, messageId, outcome } = reply.body
    this.uncertainQuestions.delete(question)
    this.answers.push({ question, traceId, auditSeq, conversationId, messageId, outcome })
  }
}

/** A word of one content of one text only. */
export function textWord(name: string, content: number): string {
  return `${name.replace('.txt', '')}content${content}x`
}

function textOf(name: string, content: number): string {
  return `This is ${name}. Its mark is ${textWord(name, content)}. It is kept until it is replaced.`
}

/** An answer that no dying server should give. */
class Unexpected extends Error {}

async function untilDead(work: () => Promise<void>, random: () => number): Promise<void> {
  for (;;) {
    try {
      await work()
      await pause(random() * mostPauseMs)
    } catch (error) {
      if (error instanceof Unexpected) throw error
      return
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
