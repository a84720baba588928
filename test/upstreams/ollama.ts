import { inputTokens, line, outputTokens, type Said, type Wire } from './wire.ts'

const model = 'llama3.2:3b'
const key = 'canary-ollama-7f3a'
const head = { model, created_at: '2026-11-24T10:00:00.000000001Z' }
const ending = {
  done: true,
  done_reason: 'stop',
  total_duration: 5_000_000,
  prompt_eval_count: inputTokens,
  eval_count: outputTokens,
}

function messageOf({ call, pieces }: Said) {
  return call
    ? {
        role: 'assistant',
        content: '',
        tool_calls: [{ function: { name: call.name, arguments: JSON.parse(call.arguments) } }],
      }
    : { role: 'assistant', content: pieces.join('') }
}

/** Ollama’s own chat: lines of JSON. */
export const ollama: Wire = {
  name: 'ollama',
  protocol: 'ollama',
  upstreamModel: model,
  contentType: 'application/x-ndjson',
  baseUrl: (url) => url,
  secret: () => key,
  canaries: () => [key],
  refuses({ method, path, body }) {
    if (method !== 'POST' || path !== '/api/chat') return '404 page not found'
    if (typeof body?.model !== 'string') return 'model is required'
    const text = body.messages.every((one: { content: unknown }) => typeof one.content === 'string')
    return text ? undefined : 'json: cannot unmarshal array into Go struct field Message.content'
  },
  // It streams where it is not told otherwise.
  streams: ({ body }) => body.stream !== false,
  whole: (said) => ({ ...head, message: messageOf(said), ...ending }),
  frames: (said) => {
    const messages = said.call
      ? [messageOf(said)]
      : said.pieces.map((content) => ({ role: 'assistant', content }))
    return {
      before: [],
      pieces: messages.map((message) => line({ ...head, message, done: false })),
      after: [line({ ...head, message: { role: 'assistant', content: '' }, ...ending })],
    }
  },
  broken: (error) => line({ error }),
  failure: (_, error) => ({ body: { error } }),
}
