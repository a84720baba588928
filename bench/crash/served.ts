import type { BenchServer } from '../harness/server.ts'
import { fileWord, lastRound } from './files.ts'
import { type Traffic, textWord } from './traffic.ts'

/** Waits until no job is left. Gives the seconds it took. */
export async function untilQuiet(server: BenchServer): Promise<number> {
  const began = performance.now()
  for (;;) {
    let live = 0
    for (const state of ['queued', 'running', 'waiting']) {
      const { items } = await server.ask('GET', `/api/v1/jobs?state=${state}&limit=1`)
      live += items.length
    }
    if (live === 0) return (performance.now() - began) / 1_000
    await new Promise((done) => setTimeout(done, 250))
  }
}

interface Checked {
  faults: string[]
  counts: Record<string, number>
}

/** Compares what the server serves with what it acknowledged. */
export async function checkServed(
  server: BenchServer,
  what: { traffic: Traffic; files: readonly string[]; rounds: number },
): Promise<Checked> {
  const faults: string[] = []
  const documents = await allDocuments(server)
  await checkTexts(server, { ...what, documents, faults })
  await checkFiles(server, { ...what, documents, faults })
  await checkAnswers(server, what.traffic, faults)
  return { faults, counts: { documents_count: documents.length } }
}

interface Document {
  id: string
  externalId: string
  state: string
}

async function allDocuments(server: BenchServer): Promise<Document[]> {
  const found: Document[] = []
  for (let cursor = ''; ; ) {
    const more = cursor && `&cursor=${encodeURIComponent(cursor)}`
    const page = await server.ask('GET', `/api/v1/documents?limit=500${more}`)
    found.push(...page.items)
    if (!page.nextCursor) return found
    cursor = page.nextCursor
  }
}

interface Served {
  traffic: Traffic
  files: readonly string[]
  rounds: number
  documents: readonly Document[]
  faults: string[]
}

/** Each text once, ready, with its last acknowledged content or one that was on its way later. */
async function checkTexts(server: BenchServer, at: Served): Promise<void> {
  for (const [name, { acknowledged, uncertain }] of at.traffic.texts) {
    const found = at.documents.filter((one) => one.externalId === name)
    if (acknowledged === 0 && found.length === 0) continue
    if (found.length !== 1) at.faults.push(`${name} is there ${found.length} times.`)
    if (found[0]?.state !== 'ready') at.faults.push(`${name} is ${found[0]?.state ?? 'absent'}.`)
    const allowed = [acknowledged, ...uncertain].filter((content) => content > 0)
    const current = []
    for (const content of allowed) {
      const names = await whoSays(server, textWord(name, content))
      if (names.some((one) => one !== name) || names.length > 1)
        at.faults.push(`Content ${content} of ${name} is found in ${names.join(', ')}.`)
      if (names.length > 0) current.push(content)
    }
    if (current.length !== 1)
      at.faults.push(`${name} answers with ${current.length} of the contents ${allowed}.`)
  }
}

/** Each file once, ready, as it was written last, and nothing of what it said before. */
async function checkFiles(server: BenchServer, at: Served): Promise<void> {
  for (const [i, name] of at.files.entries()) {
    const found = at.documents.filter((one) => one.externalId === name)
    if (found.length !== 1 || found[0]?.state !== 'ready')
      at.faults.push(`${name} is there ${found.length} times, ${found[0]?.state ?? ''}.`)
    const last = lastRound(i, at.rounds)
    const names = await whoSays(server, fileWord(i, last))
    if (names.length !== 1 || names[0] !== name)
      at.faults.push(`Round ${last} of ${name} is found in [${names.join(', ')}].`)
    if (last === 0) continue
    const old = await whoSays(server, fileWord(i, 0))
    if (old.length > 0) at.faults.push(`The first text of ${name} is still found.`)
  }
}

/** Documents of the passages that hold a word. */
async function whoSays(server: BenchServer, word: string): Promise<string[]> {
  const body = { query: word, knowledgeBases: ['bench'], topK: 5 }
  const { hits } = await server.ask('POST', '/api/v1/search', body)
  return hits
    .filter((hit: { text: string }) => hit.text.includes(word))
    .map((hit: { externalId: string }) => hit.externalId)
}

/** Each answer that was given: its trace, its audit event, its two messages, all once. */
async function checkAnswers(
  server: BenchServer,
  traffic: Traffic,
  faults: string[],
): Promise<void> {
  const seqs = new Set(traffic.answers.map(({ auditSeq }) => auditSeq))
  if (seqs.size !== traffic.answers.length) faults.push('Two answers have one audit number.')
  const asked = new Map<string, number>()
  const messages = new Set<string>()
  for (const id of new Set(traffic.answers.map(({ conversationId }) => conversationId))) {
    const conversation = await server.ask('GET', `/api/v1/conversations/${id}`)
    for (const { id: message, role, content } of conversation.messages) {
      messages.add(message)
      if (role === 'user') asked.set(content, (asked.get(content) ?? 0) + 1)
    }
  }
  for (const answer of traffic.answers) {
    const times = asked.get(answer.question) ?? 0
    if (times !== 1) faults.push(`"${answer.question}" is kept ${times} times.`)
    if (!messages.has(answer.messageId)) faults.push(`The message ${answer.messageId} is lost.`)
    const trace = await server.call('GET', `/api/v1/traces/${answer.traceId}`)
    if (trace.status !== 200) faults.push(`The trace ${answer.traceId} is lost.`)
    const event = await server.call('GET', `/api/v1/audit/${answer.auditSeq}`)
    if (!JSON.stringify(event.body).includes(answer.traceId))
      faults.push(`The audit event ${answer.auditSeq} is not that of ${answer.traceId}.`)
  }
  for (const question of traffic.uncertainQuestions) {
    if ((asked.get(question) ?? 0) > 1) faults.push(`"${question}" was kept twice.`)
  }
}
