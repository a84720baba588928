import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay, setImmediate as soon } from 'node:timers/promises'
import type { Said, Seen, Wire } from './wire.ts'

export type Mode =
  | 'normal'
  /** Split at any byte, even within one character. */
  | 'split'
  /** A pause before each piece. */
  | 'slow'
  | 'error-mid'
  /** The connection breaks after three pieces. */
  | 'cut'
  /** Ends like a whole answer after three pieces, without its end. */
  | 'ends-early'
  | 'hang-before'
  | 'hang-mid'
  /** Says all of it, and then keeps the connection open. */
  | 'lingers'
  /** Sends the caller to another address. */
  | { redirect: string }
  | { status: number; message: string }

export interface Upstream {
  wire: Wire
  url: string
  host: string
  secret: string
  mode: Mode
  said: Said
  requests: (Seen & { tookMs?: number })[]
  /** Requests whose client left before the answer was complete. */
  cancelled: number
  close(): Promise<void>
}

/** A server that speaks one protocol over real HTTP, well or badly. */
export async function startUpstream(wire: Wire): Promise<Upstream> {
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) upstream.cancelled++
    })
    response.on('error', () => {})
    const pieces: Buffer[] = []
    request.on('data', (piece) => pieces.push(piece))
    request.on('end', () => {
      const raw = Buffer.concat(pieces)
      const { method = '', url: path = '', headers } = request
      void answer(upstream, { method, path, headers, raw, body: parsed(raw) }, response)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `http://${host}`
  const upstream: Upstream = {
    wire,
    url,
    host,
    secret: wire.secret(url),
    mode: 'normal',
    said: { pieces: ['Three ', 'months.'] },
    requests: [],
    cancelled: 0,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
  return upstream
}

function parsed(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch {
    return undefined
  }
}

async function answer(upstream: Upstream, seen: Seen, response: ServerResponse): Promise<void> {
  const { wire, mode, said } = upstream
  const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body))
  const beside = wire.beside?.(seen)
  if (beside) return void json(beside.status, beside.body)
  const noted: Upstream['requests'][number] = seen
  const began = performance.now()
  response.on('close', () => {
    noted.tookMs = performance.now() - began
  })
  upstream.requests.push(noted)
  const refused = wire.refuses(seen, upstream.secret)
  if (refused !== undefined) {
    const { headers, body } = wire.failure(400, refused)
    return void json(400, body, headers)
  }
  if (mode === 'hang-before') return
  if (typeof mode === 'object') {
    if ('redirect' in mode) return void json(307, {}, { location: mode.redirect })
    const { headers, body } = wire.failure(mode.status, mode.message)
    return void json(mode.status, body, headers)
  }
  if (!wire.streams(seen)) return whole(mode, response, JSON.stringify(wire.whole(said, seen)))
  response.socket?.setNoDelay(true)
  response.writeHead(200, { 'content-type': wire.contentType })
  await speak(upstream, response, wire.frames(said, seen))
}

async function whole(mode: Mode, response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  response.writeHead(200, {
    'content-type': 'application/json',
    ...(mode === 'ends-early' ? {} : { 'content-length': bytes.length }),
  })
  if (mode === 'cut' || mode === 'hang-mid' || mode === 'ends-early' || mode === 'error-mid') {
    response.write(bytes.subarray(0, bytes.length >> 1))
    if (mode === 'ends-early') response.end()
    else if (mode !== 'hang-mid') setTimeout(() => response.destroy(), 10)
    return
  }
  if (mode === 'split') await inBits(response, bytes)
  else response.write(bytes)
  response.end()
}

async function speak(
  upstream: Upstream,
  response: ServerResponse,
  { before, pieces, after }: ReturnType<Wire['frames']>,
): Promise<void> {
  const { mode, wire } = upstream
  if (mode === 'split') {
    await inBits(response, Buffer.concat([...before, ...pieces, ...after]))
    return void response.end()
  }
  for (const frame of before) response.write(frame)
  for (const [i, piece] of pieces.entries()) {
    if (i === 3 || pieces.length === 1) {
      if (mode === 'error-mid') return void response.end(wire.broken('overloaded'))
      if (mode === 'cut') return void setTimeout(() => response.destroy(), 10)
      if (mode === 'ends-early') return void response.end()
      if (mode === 'hang-mid') return
    }
    if (mode === 'slow') await delay(20)
    response.write(piece)
  }
  for (const frame of after) response.write(frame)
  if (mode !== 'lingers') response.end()
}

/** A few bytes at a time, each in a turn of its own. */
async function inBits(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0, i = 0; at < bytes.length && !response.destroyed; i++) {
    const size = 1 + ((i * 7) % 11)
    response.write(bytes.subarray(at, at + size))
    at += size
    await soon()
  }
}
