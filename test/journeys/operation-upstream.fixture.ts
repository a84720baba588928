import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OperationUpstream {
  url: string
  host: string
  /** The next answers: as they should be, an error, or one that breaks off. */
  mode: 'normal' | 'cut' | { status: number }
  /** Answers tell how many tokens they took. */
  counts: boolean
  requests: { path: string; body: Record<string, unknown>; file?: Uint8Array }[]
  close(): Promise<void>
}

/** Everything beside chats, as OpenAI, Cohere and text-embeddings-inference answer it. */
export async function startOperationUpstream(): Promise<OperationUpstream> {
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void serve(upstream, request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const upstream: OperationUpstream = {
    ...{ url: `http://${host}`, host, mode: 'normal', counts: true, requests: [] },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
  return upstream
}

export const sound = Buffer.from(Array.from({ length: 5_000 }, (_, i) => i % 251))

async function serve(
  upstream: OperationUpstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const path = request.url ?? ''
  const type = request.headers['content-type'] ?? ''
  const { body, file } = await read(Buffer.concat(pieces), type)
  upstream.requests.push({ path, body, ...(file ? { file } : {}) })
  const { mode, counts } = upstream
  if (typeof mode === 'object') {
    response.writeHead(mode.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message: 'no', type: 'error' } }))
    return
  }
  if (path === '/v1/audio/speech') {
    response.writeHead(200, { 'content-type': 'audio/mpeg' })
    response.write(sound.subarray(0, 2_000))
    if (mode === 'cut') setTimeout(() => response.destroy(), 20)
    else response.end(sound.subarray(2_000))
    return
  }
  if (body.response_format === 'srt') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('1\n00:00 --> 00:01\nHello\n')
    return
  }
  const answer = answerTo(path, body, counts)
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer ?? { error: { message: `unknown path ${path}` } }))
}

async function read(bytes: Buffer, type: string) {
  if (!type.startsWith('multipart/')) return { body: JSON.parse(bytes.toString('utf8') || '{}') }
  const sent = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } })
  const body: Record<string, unknown> = {}
  let file: Uint8Array | undefined
  for (const [name, value] of await sent.formData()) {
    if (typeof value !== 'string') file = new Uint8Array(await value.arrayBuffer())
    else body[name] = name in body ? [body[name], value].flat() : value
  }
  return { body, file }
}

function answerTo(path: string, body: Record<string, unknown>, counts: boolean): unknown {
  const usage = counts ? { usage: { input_tokens: 10, output_tokens: 50, total_tokens: 60 } } : {}
  if (path === '/v1/moderations') {
    return { id: 'modr-1', model: body.model, results: [{ flagged: false, categories: {} }] }
  }
  if (path === '/v1/images/generations') {
    const data = [{ b64_json: 'aGk=', revised_prompt: `A picture: ${body.prompt}` }]
    return { created: 1, data, ...usage }
  }
  if (path === '/v1/audio/transcriptions') {
    return { text: `Call ${body.prompt ?? 'me'} at anna@example.org.`, ...usage }
  }
  const documents = (body.documents ?? body.texts) as string[] | undefined
  const scored = documents
    ?.map((text, index) => ({ index, score: text.includes('tulip') ? 0.9 : 0.1 }))
    .sort((a, b) => b.score - a.score)
  if (path === '/v2/rerank') {
    const results = scored!
      .slice(0, (body.top_n as number) ?? scored!.length)
      .map(({ index, score }) => ({ index, relevance_score: score }))
    return { id: 'rr-1', results, meta: { billed_units: { search_units: 1 } } }
  }
  return path === '/rerank' ? scored : undefined
}
