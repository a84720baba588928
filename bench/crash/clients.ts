import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchServer } from '../harness/server.ts'
import { codeOf, type Ledger } from './ledger.ts'

export const resources = (folder: string) => `
kind: KnowledgeBase
name: crash
project: default
spec: { readers: [everyone] }
---
kind: Source
name: texts
project: default
spec: { knowledgeBase: crash, upload: {} }
---
kind: Source
name: files
project: default
spec: { knowledgeBase: crash, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Prompt
name: crash
project: default
spec: { system: Answer from the passages. }
---
kind: Guardrail
name: crash
project: default
spec: {}
---
kind: Route
name: crash
project: default
spec: { models: [extractive] }
---
kind: Assistant
name: crash
project: default
spec: { knowledgeBases: [crash], route: crash, prompt: crash, guardrail: crash }
`

const pauseMs = 120
const filesPerScan = 12

/** One life of a server: everything that runs against it until it is killed. */
export interface Life {
  server: BenchServer
  ledger: Ledger
  random: () => number
  /** Set when the server was killed. */
  over: boolean
}

/** Sends texts: mostly new documents, now and then another text for one that is there. */
export async function write(life: Life): Promise<void> {
  const { ledger, random, server } = life
  while (!life.over) {
    const known = ledger.documents.size
    const again = known > 0 && random() < 0.2
    const externalId = `doc-${again ? Math.floor(random() * known) : known}.txt`
    const sent = ledger.send(externalId)
    const text = textOf(externalId, sent.version, 1 + Math.floor(random() * 6))
    const reply = await attempt(life, () =>
      server.call('POST', '/api/v1/documents', { source: 'texts', externalId, text }),
    )
    if (reply?.status === 202) sent.acknowledged = true
    await pause()
  }
}

/** Asks questions about documents that were sent. */
export async function ask(life: Life): Promise<void> {
  const { ledger, random, server } = life
  while (!life.over) {
    const number = Math.floor(random() * Math.max(1, ledger.documents.size))
    const question = `What is the access word of document doc-${number}?`
    const reply = await attempt(life, () =>
      server.call('POST', '/api/v1/ask', { question, assistant: 'crash' }),
    )
    if (reply?.status === 200 && reply.body.conversationId) {
      const { traceId, auditSeq, conversationId, text } = reply.body
      ledger.answers.push({ traceId, auditSeq, conversationId, question, text })
    }
    await pause()
  }
}

/** Puts files into the folder and has it scanned. */
export async function scan(life: Life, folder: string): Promise<void> {
  const { ledger, server } = life
  mkdirSync(folder, { recursive: true })
  for (let i = 0; i < filesPerScan; i++) {
    const name = `file-${ledger.filesWritten}.md`
    writeFileSync(join(folder, name), textOf(name, 1, 3))
    ledger.filesWritten++
  }
  const files = ledger.filesWritten
  const reply = await attempt(life, () => server.call('POST', '/api/v1/sources/files/sync'))
  if (reply?.status === 202) ledger.noteScan(reply.body.id, files)
}

async function attempt<T>(life: Life, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch {
    // The connection broke: whether the server took it is unknown, and nothing was promised.
    life.ledger.brokenRequests++
    life.over = true
    return undefined
  }
}

function textOf(name: string, version: number, paragraphs: number): string {
  const lines = [`The access word of document ${name} is ${codeOf(name, version)}.`]
  for (let i = 1; i < paragraphs; i++) {
    lines.push(
      `Paragraph ${i} of ${name}, version ${version}. `.concat(
        'The claim is settled when the report is complete. '.repeat(20),
      ),
    )
  }
  return lines.join('\n\n')
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, pauseMs))
}
