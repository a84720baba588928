import { event, inputTokens, outputTokens, type Said, type Wire } from './wire.ts'

const usage = {
  billed_units: { input_tokens: 5, output_tokens: outputTokens },
  tokens: { input_tokens: inputTokens, output_tokens: outputTokens },
}
const key = 'canary-cohere-7f3a'
const finishOf = ({ call }: Said) => (call ? 'TOOL_CALL' : 'COMPLETE')
const toolCall = (call: { name: string; arguments: string }) => ({
  id: 'lookup_0',
  type: 'function',
  function: { name: call.name, arguments: call.arguments },
})

/** Cohere’s chat, version 2. */
export const cohere: Wire = {
  name: 'cohere',
  protocol: 'cohere',
  upstreamModel: 'command-a-03-2025',
  contentType: 'text/event-stream',
  baseUrl: (url) => url,
  secret: () => key,
  canaries: () => [key],
  refuses({ method, path, headers, body }) {
    if (headers.authorization !== `Bearer ${key}`) return 'invalid api token'
    if (method !== 'POST' || path !== '/v2/chat') return `no route for ${path}`
    if (typeof body?.model !== 'string' || !Array.isArray(body.messages)) return 'invalid request'
    const openAi = ['n', 'stream_options', 'max_completion_tokens', 'top_p'].find(
      (name) => name in body,
    )
    return openAi ? `unknown field: parameter ${openAi}` : undefined
  },
  streams: ({ body }) => body.stream === true,
  whole: (said) => ({
    id: 'c-1',
    message: {
      role: 'assistant',
      ...(said.call
        ? { tool_plan: 'I will look.', tool_calls: [toolCall(said.call)] }
        : { content: [{ type: 'text', text: said.pieces.join('') }] }),
    },
    finish_reason: finishOf(said),
    usage,
  }),
  frames: (said) => {
    const { call, pieces } = said
    const message = (value: object) => ({ index: 0, delta: { message: value } })
    const start = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
    const end = event('message-end', { delta: { finish_reason: finishOf(said), usage } })
    const before = [event('message-start', { id: 'c-1', delta: { message: start } })]
    if (call) {
      const middle = call.arguments.length >> 1
      const first = { ...toolCall(call), function: { name: call.name, arguments: '' } }
      return {
        before: [
          ...before,
          event('tool-plan-delta', { delta: { message: { tool_plan: 'I will look.' } } }),
        ],
        pieces: [
          event('tool-call-start', message({ tool_calls: first })),
          ...[call.arguments.slice(0, middle), call.arguments.slice(middle)].map((text) =>
            event('tool-call-delta', message({ tool_calls: { function: { arguments: text } } })),
          ),
          event('tool-call-end', { index: 0 }),
        ],
        after: [end],
      }
    }
    return {
      before: [...before, event('content-start', message({ content: { type: 'text', text: '' } }))],
      pieces: pieces.map((text) => event('content-delta', message({ content: { text } }))),
      after: [event('content-end', { index: 0 }), end],
    }
  },
  broken: (error) => event('message-end', { delta: { finish_reason: 'ERROR', error } }),
  failure: (_, message) => ({ body: { id: 'e-1', message } }),
}
