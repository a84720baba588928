import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { responsesSpeech } from './fake-responses.ts'

/**
 * How the upstream behaves next. `normal` streams its words; the others each break in one way that real endpoints do.
 */
export type UpstreamMode =
  | 'normal'
  /** A pause of 30 ms between words, comments in between. */
  | 'slow'
  /** Takes the request and never answers. */
  | 'hang-before-first'
  /** Answers with headers and keep-alive comments, never with a word. */
  | 'hang-with-comments'
  | 'hang-mid'
  /** The connection breaks after three words. */
  | 'cut'
  /** The response ends as if complete after three words, without its end marker. */
  | 'no-end-marker'
  | 'garbage'
  | 'garbage-json'
  /** Words without end. */
  | 'flood'
  /** Says all of it, its end mark too, and keeps the connection open. */
  | 'lingers'
  /** An error event after two words. */
  | 'error-mid'
  /** Refuses parameters that only some endpoints know. */
  | 'picky'
  /** Ignores `stream: true` and answers with one JSON object. */
  | 'no-stream'
  | { status: number; headers?: Record<string, string>; message?: string }

export interface FakeUpstream {
  /** `http://127.0.0.1:port`, without a path. */
  url: string
  /** `127.0.0.1:port`, for an allow list. */
  host: string
  mode: UpstreamMode
  words: string[]
  /** Members of the choice of a whole answer of OpenAI, instead of the usual ones. */
  choice: Record<string, unknown>
  /** Bodies and headers of the requests it has seen. */
  requests: { path: string; headers: IncomingMessage['headers']; body: Record<string, unknown> }[]
  /** Requests whose client left before the answer was complete. */
  cancelled: number
  close(): Promise<void>
}

/** A local server that speaks the OpenAI (chat, responses, embeddings) and the Anthropic protocol, well or badly. */
export async function startFakeUpstream(): Promise<FakeUpstream> {
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) upstream.cancelled++
    })
    response.on('error', () => {})
    void serve(upstream, request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const upstream: FakeUpstream = {
    url: `http://${host}`,
    host,
    mode: 'normal',
    words: ['The ', 'notice ', 'period ', 'is ', 'drei ', 'Monate ', '（三个月）', '🙂.'],
    choice: {},
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

export interface Speech {
  start(): string
  word(text: string): string
  end(words: number): string
  error(message: string): string
  whole(text: string): unknown
  failure(status: number, message: string): unknown
}

async function serve(
  upstream: FakeUpstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = ''
  for await (const chunk of request) text += chunk
  const body = JSON.parse(text || '{}') as Record<string, unknown>
  const path = request.url ?? ''
  upstream.requests.push({ path, headers: request.headers, body })
  const anthropic = path === '/v1/messages'
  const speech = speechFor(path, body)
  const json = (status: number, value: unknown, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(value))
  const { mode } = upstream
  if (typeof mode === 'object') {
    return void json(mode.status, speech.failure(mode.status, mode.message ?? 'no'), mode.headers)
  }
  const refused = anthropic ? refuseAnthropic(request, body) : refuseOpenAi(path, body, mode)
  if (refused) return void json(refused.status, speech.failure(refused.status, refused.message))
  if (path === '/v1/embeddings') return void json(200, embeddings(body))
  if (mode === 'no-stream' || body.stream !== true)
    return void json(200, withChoice(speech.whole(upstream.words.join('')), upstream.choice))
  await speak(upstream, { response, speech })
}

function speechFor(path: string, body: Record<string, unknown>): Speech {
  if (path === '/v1/messages') return anthropicSpeech
  return path === '/v1/responses' ? responsesSpeech(body) : openAiSpeech(body)
}

function refuseOpenAi(
  path: string,
  body: Record<string, unknown>,
  mode: UpstreamMode,
): { status: number; message: string } | undefined {
  if (path === '/v1/embeddings') return undefined
  if (path === '/v1/responses') {
    const ok = typeof body.model === 'string' && body.input !== undefined
    return ok ? undefined : { status: 400, message: 'model and input are required' }
  }
  if (path !== '/v1/chat/completions') return { status: 404, message: `unknown path ${path}` }
  if (typeof body.model !== 'string' || !Array.isArray(body.messages))
    return { status: 400, message: 'model and messages are required' }
  if (mode !== 'picky') return undefined
  for (const [name, instead] of [
    ['stream_options', ''],
    ['max_tokens', "Use 'max_completion_tokens' instead."],
    ['temperature', ''],
  ] as const) {
    if (name in body)
      return {
        status: 400,
        message: `Unsupported parameter: '${name}' is not supported with this model. ${instead}`,
      }
  }
  return undefined
}

function refuseAnthropic(
  request: IncomingMessage,
  body: Record<string, unknown>,
): { status: number; message: string } | undefined {
  const messages = body.messages as { role: string }[] | undefined
  if (!request.headers['anthropic-version'])
    return { status: 400, message: 'anthropic-version: header is required' }
  if (typeof body.max_tokens !== 'number')
    return { status: 400, message: 'max_tokens: Field required' }
  if (!messages?.length || messages[0]?.role !== 'user')
    return { status: 400, message: 'messages: first message must use the "user" role' }
  if (
    messages.some(
      (message, i) => message.role === 'system' || message.role === messages[i - 1]?.role,
    )
  ) {
    return { status: 400, message: 'messages: roles must alternate' }
  }
  return undefined
}

function withChoice(reply: unknown, choice: Record<string, unknown>): unknown {
  const { choices } = reply as { choices?: object[] }
  return choices ? { ...(reply as object), choices: [{ ...choices[0], ...choice }] } : reply
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function speak(
  upstream: FakeUpstream,
  { response, speech }: { response: ServerResponse; speech: Speech },
): Promise<void> {
  const { mode, words } = upstream
  if (mode === 'hang-before-first') return
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (mode === 'garbage') return void response.end('<html><body>It works!</body></html>')
  if (mode === 'garbage-json') return void response.end('data: {"choices": [{"del\n\n')
  response.write(speech.start())
  if (mode === 'hang-with-comments') {
    while (!response.destroyed) {
      response.write(': still thinking\n\n')
      await pause(20)
    }
    return
  }
  if (mode === 'flood') {
    while (!response.destroyed) {
      if (!response.write(speech.word('x'.repeat(2_000)))) await pause(1)
    }
    return
  }
  for (const [i, word] of words.entries()) {
    if (mode === 'error-mid' && i === 2) return void response.end(speech.error('overloaded'))
    if (i === 3 && mode === 'hang-mid') return
    if (i === 3 && mode === 'no-end-marker') return void response.end()
    if (i === 3 && mode === 'cut') return void setTimeout(() => response.destroy(), 10)
    if (mode === 'slow') {
      response.write(': keep-alive\n\n')
      await pause(30)
    }
    response.write(speech.word(word))
  }
  response.write(speech.end(words.length))
  if (mode !== 'lingers') response.end()
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const named = (value: { type: string }) => `event: ${value.type}\n${data(value)}`

function openAiSpeech(body: Record<string, unknown>): Speech {
  const chunk = (choices: unknown[], usage?: unknown) =>
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: body.model,
      choices,
      ...(usage ? { usage } : {}),
    })
  const usage = (words: number) => ({
    prompt_tokens: 11,
    completion_tokens: words,
    total_tokens: 11 + words,
  })
  return {
    start: () =>
      chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
    word: (content) => chunk([{ index: 0, delta: { content }, finish_reason: null }]),
    end: (words) =>
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]) +
      ('stream_options' in body ? chunk([], usage(words)) : '') +
      'data: [DONE]\n\n',
    error: (message) => data({ error: { message, type: 'server_error' } }),
    whole: (content) => ({
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: usage(8),
    }),
    failure: (status, message) => ({ error: { message, type: 'error', code: String(status) } }),
  }
}

const anthropicSpeech: Speech = {
  start: () =>
    named({
      type: 'message_start',
      message: {
        id: 'msg_1',
        role: 'assistant',
        content: [],
        usage: { input_tokens: 11, output_tokens: 1 },
      },
    } as { type: string }) +
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as {
      type: string
    }) +
    named({ type: 'ping' }),
  word: (text) =>
    named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } as {
      type: string
    }),
  end: (words) =>
    named({ type: 'content_block_stop', index: 0 } as { type: string }) +
    named({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: words },
    } as { type: string }) +
    named({ type: 'message_stop' }),
  error: (message) =>
    named({ type: 'error', error: { type: 'overloaded_error', message } } as { type: string }),
  whole: (text) => ({
    type: 'message',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 11, output_tokens: 8 },
  }),
  failure: (_, message) => ({ type: 'error', error: { type: 'invalid_request_error', message } }),
}

function embeddings(body: Record<string, unknown>): unknown {
  const input = body.input as string[]
  // Reversed on purpose: `index` says which text a vector belongs to.
  const rows = input
    .map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }))
    .reverse()
  return {
    object: 'list',
    data: rows,
    model: body.model,
    usage: { prompt_tokens: 1, total_tokens: 1 },
  }
}

/** Letters counted into eight numbers: enough that the same words give near vectors. */
function vectorOf(text: string): number[] {
  const vector = new Array<number>(8).fill(0.1)
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    let hash = 0
    for (const char of word) hash = (hash * 31 + char.codePointAt(0)!) >>> 0
    vector[hash % 8]! += 1
  }
  return vector
}
