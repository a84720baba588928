import { tmpdir } from 'node:os'
import type { CliIo } from './io.ts'
import { runCli } from './run.ts'

export interface Sent {
  method: string
  path: string
  query: Record<string, string>
  key: string | null
  body: unknown
}

export type Answering = (request: Sent) => Response | Promise<Response> | undefined

export const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json' },
  })

export const problem = (status: number, code: string, more: object = {}) =>
  json(
    { code, status, detail: `${code}!`, remedy: 'Mend it.', requestId: 'req_1', ...more },
    status,
  )

export const events = (list: readonly { type: string }[]) =>
  new Response(list.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })

/** A server made of one function, and a terminal made of strings. */
export function fakeIo(answering: Answering, more: Partial<CliIo> = {}) {
  const sent: Sent[] = []
  const text = { out: '', err: '' }
  let clock = Date.UTC(2026, 2, 1)
  let interrupt: (() => void) | undefined
  const io: CliIo = {
    env: { PLINTH_URL: 'http://plinth.test', PLINTH_API_KEY: 'plk_test' },
    cwd: tmpdir(),
    out: async (piece) => {
      text.out += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8')
    },
    err: (piece) => {
      text.err += piece
    },
    watched: false,
    terminal: false,
    columns: 100,
    version: '0.0.0',
    fetch: async (input, init) => {
      const url = new URL(String(input))
      const headers = new Headers(init?.headers)
      const body = init?.body
      const request: Sent = {
        method: init?.method ?? 'GET',
        path: url.pathname.replace('/api/v1', ''),
        query: Object.fromEntries(url.searchParams),
        key: headers.get('authorization'),
        body: typeof body === 'string' ? JSON.parse(body) : body,
      }
      sent.push(request)
      return (await answering(request)) ?? problem(404, 'NOT_FOUND')
    },
    now: () => clock,
    sleep: async (ms, signal) => {
      clock += ms
      signal?.throwIfAborted()
    },
    stdin: async () => '',
    confirm: async () => false,
    onInterrupt: (handler) => {
      interrupt = handler
      return () => {
        interrupt = undefined
      }
    },
    startServer: async () => 0,
    local: async () => {
      throw new Error('no local work in this test')
    },
    ...more,
  }
  return {
    io,
    sent,
    text,
    interrupt: () => interrupt?.(),
    run: (...argv: string[]) => runCli(argv, io),
  }
}
