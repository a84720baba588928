import type { Speech } from './fake-upstream.ts'

let made = 0

/** The Responses API: items are announced, said in pieces, and told once more as a whole. */
export function responsesSpeech(body: Record<string, unknown>): Speech {
  const id = `resp_upstream${++made}`
  const item = `msg_upstream${made}`
  let said = ''
  let number = 0
  const frame = (type: string, value: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number++, ...value })}\n\n`
  const place = { item_id: item, output_index: 0, content_index: 0 }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] })
  const message = (text: string) => ({
    ...{ id: item, type: 'message', role: 'assistant', status: 'completed' },
    content: text === '' ? [] : [part(text)],
  })
  const response = (more: object) => ({
    ...{ id, object: 'response', created_at: 1, status: 'in_progress', error: null },
    ...{ incomplete_details: null, model: body.model, output: [], store: body.store ?? true },
    ...{ parallel_tool_calls: true, tool_choice: 'auto', tools: [], usage: null, ...more },
  })
  const whole = (text: string, words: number) =>
    response({
      status: 'completed',
      output: [message(text)],
      usage: {
        ...{ input_tokens: 11, output_tokens: words, total_tokens: 11 + words },
        input_tokens_details: { cached_tokens: 3 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    })
  return {
    start: () =>
      frame('response.created', { response: response({}) }) +
      frame('response.in_progress', { response: response({}) }) +
      frame('response.output_item.added', { output_index: 0, item: message('') }) +
      frame('response.content_part.added', { ...place, part: part('') }),
    word: (delta) => {
      said += delta
      return frame('response.output_text.delta', { ...place, delta, logprobs: [] })
    },
    end: (words) =>
      frame('response.output_text.done', { ...place, text: said, logprobs: [] }) +
      frame('response.content_part.done', { ...place, part: part(said) }) +
      frame('response.output_item.done', { output_index: 0, item: message(said) }) +
      frame('response.completed', { response: whole(said, words) }),
    error: (text) => frame('error', { code: 'server_error', message: text, param: null }),
    whole: (text) => whole(text, 8),
    failure: (status, text) => ({ error: { message: text, type: 'error', code: String(status) } }),
  }
}
