import { createHash } from 'node:crypto'
import { verifyExport } from '@plinth/sdk/audit'
import type { BenchServer } from '../harness/server.ts'
import { codeOf, type Ledger, type SentVersion } from './ledger.ts'

/** Each list names what is wrong; all are empty where nothing is. */
export interface Findings {
  lost: string[]
  doubled: string[]
  doctor: string[]
  audit: string[]
  auditEvents: number
}

/** Holds what the server has now against what it promised. */
export async function verify(server: BenchServer, ledger: Ledger): Promise<Findings> {
  const found: Findings = { lost: [], doubled: [], doctor: [], audit: [], auditEvents: 0 }
  await verifyTexts(server, ledger, found)
  await verifyFiles(server, ledger, found)
  for (const answer of ledger.answers) await verifyAnswer(server, answer, found)
  await verifyConversations(server, ledger, found)
  const report = await server.ask('GET', '/api/v1/doctor?fsck=true')
  for (const check of report.checks) {
    if (check.result === 'failed') found.doctor.push(`${check.name}: ${check.detail}`)
  }
  await verifyLog(server, found)
  return found
}

interface Listed {
  id: string
  externalId: string
  state: string
}

// biome-ignore lint/suspicious/noExplicitAny: items of many routes, looked at field by field
async function listAll(server: BenchServer, path: string): Promise<any[]> {
  const all: unknown[] = []
  for (let cursor = ''; ; ) {
    const page = await server.ask('GET', `${path}limit=500${cursor && `&cursor=${cursor}`}`)
    all.push(...page.items)
    if (!page.nextCursor) return all
    cursor = encodeURIComponent(page.nextCursor)
  }
}

async function bySource(server: BenchServer, source: string, found: Findings) {
  const listed: Listed[] = await listAll(server, `/api/v1/documents?source=${source}&`)
  const byName = new Map<string, Listed>()
  for (const one of listed) {
    if (byName.has(one.externalId)) found.doubled.push(`document ${one.externalId}`)
    byName.set(one.externalId, one)
  }
  return byName
}

async function verifyTexts(server: BenchServer, ledger: Ledger, found: Findings): Promise<void> {
  const byName = await bySource(server, 'texts', found)
  for (const [name, sent] of ledger.documents) {
    const document = byName.get(name)
    const promised = sent.some((one) => one.acknowledged)
    if (document) await verifyDocument(server, { document, sent }, found)
    else if (promised) found.lost.push(`document ${name}`)
  }
}

async function verifyDocument(
  server: BenchServer,
  { document, sent }: { document: Listed; sent: readonly SentVersion[] },
  found: Findings,
): Promise<void> {
  const name = document.externalId
  if (document.state !== 'ready') {
    found.lost.push(`document ${name} is ${document.state}`)
    return
  }
  const { text } = await server.ask('GET', `/api/v1/documents/${document.id}/text`)
  // The last that was acknowledged, or one sent after it that may have been taken.
  const last = sent.findLastIndex((one) => one.acknowledged)
  const allowed = sent.slice(Math.max(0, last)).map((one) => codeOf(name, one.version))
  if (!allowed.some((code) => text.includes(code))) found.lost.push(`the last text of ${name}`)
  const versions = await server.ask('GET', `/api/v1/documents/${document.id}/versions`)
  const digests = versions.items.map((one: { contentDigest: string }) => one.contentDigest)
  if (new Set(digests).size !== digests.length) found.doubled.push(`a version of ${name}`)
  const chunks = await listAll(server, `/api/v1/documents/${document.id}/chunks?`)
  const places = new Set(chunks.map((one) => one.ordinal))
  if (places.size !== chunks.length) found.doubled.push(`chunks of ${name}`)
}

async function verifyFiles(server: BenchServer, ledger: Ledger, found: Findings): Promise<void> {
  const byName = await bySource(server, 'files', found)
  const promised = Math.max(0, ...ledger.scans.map((one) => one.files))
  for (let i = 0; i < promised; i++) {
    const document = byName.get(`file-${i}.md`)
    if (document?.state !== 'ready') found.lost.push(`file-${i}.md (${document?.state ?? 'none'})`)
  }
  for (const { jobId } of ledger.scans) {
    const job = await server.ask('GET', `/api/v1/jobs/${jobId}`)
    if (job.state !== 'succeeded') found.lost.push(`scan ${jobId} is ${job.state}`)
  }
}

async function verifyAnswer(
  server: BenchServer,
  answer: Ledger['answers'][number],
  found: Findings,
): Promise<void> {
  const { traceId, auditSeq, conversationId, question, text } = answer
  const trace = await server.call('GET', `/api/v1/traces/${traceId}`)
  if (trace.status !== 200) found.lost.push(`trace ${traceId}`)
  const event = await server.call('GET', `/api/v1/audit/${auditSeq}`)
  if (!String(event.body?.kind).startsWith('question.')) found.lost.push(`event ${auditSeq}`)
  const talk = await server.call('GET', `/api/v1/conversations/${conversationId}`)
  const messages: { content: string }[] = talk.body?.messages ?? []
  const [asked, answered] = messages
  if (asked?.content !== question || answered?.content !== text) {
    found.lost.push(`conversation ${conversationId}`)
  } else if (messages.length > 2) found.doubled.push(`conversation ${conversationId}`)
}

/** Each question began a conversation of its own: more of them than questions would be doubled ones. */
async function verifyConversations(
  server: BenchServer,
  ledger: Ledger,
  found: Findings,
): Promise<void> {
  const listed = await listAll(server, '/api/v1/conversations?')
  const most = ledger.answers.length + ledger.brokenRequests
  if (listed.length > most) found.doubled.push(`${listed.length - most} conversations`)
}

async function verifyLog(server: BenchServer, found: Findings): Promise<void> {
  const { body } = await server.call('GET', '/api/v1/audit/export')
  const stream = new Blob([String(body)]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>
  const report = await verifyExport(stream, {
    sha256: async (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  })
  found.auditEvents = report.events
  if (!report.ok) found.audit.push(...report.problems.map(({ what }) => what))
}
