import { data, inputTokens, outputTokens, type Said, type Seen, type Wire } from './wire.ts'

const usage = {
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
}

interface Kind {
  model: string
  callId: string
  /** Frames before the first word, beside the role. */
  first?: object
  /** Usage: in the last chunk always, or in one of its own where it was asked for. */
  usage: 'last' | 'asked'
}

function wholeOf({ model, callId }: Kind, { pieces, call }: Said) {
  const message = call
    ? { content: null, tool_calls: [{ id: callId, type: 'function', function: call }] }
    : { content: pieces.join('') }
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_764_000_000,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...message },
        finish_reason: call ? 'tool_calls' : 'stop',
      },
    ],
    usage,
  }
}

function framesOf(kind: Kind, { pieces, call }: Said, { body }: Seen) {
  const chunk = (choices: object[], more: object = {}) =>
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_764_000_000,
      model: kind.model,
      choices,
      ...more,
    })
  const delta = (value: object, finish_reason: string | null = null, more: object = {}) =>
    chunk([{ index: 0, delta: value, finish_reason }], more)
  const halves = call ? [call.arguments.slice(0, 5), call.arguments.slice(5)] : []
  const told = kind.usage === 'last' ? { usage } : {}
  const asked = kind.usage === 'asked' && body.stream_options?.include_usage === true
  return {
    before: [
      ...(kind.first ? [data(kind.first)] : []),
      delta({ role: 'assistant', content: call ? null : '' }),
    ],
    pieces: call
      ? halves.map((text, i) =>
          delta({
            tool_calls: [
              i === 0
                ? {
                    index: 0,
                    id: kind.callId,
                    type: 'function',
                    function: { name: call.name, arguments: text },
                  }
                : { index: 0, function: { arguments: text } },
            ],
          }),
        )
      : pieces.map((content) => delta({ content })),
    after: [
      delta({}, call ? 'tool_calls' : 'stop', told),
      ...(asked ? [chunk([], { usage })] : []),
      data('[DONE]'),
    ],
  }
}

function like(
  kind: Kind,
): Pick<Wire, 'upstreamModel' | 'contentType' | 'streams' | 'whole' | 'frames'> {
  return {
    upstreamModel: kind.model,
    contentType: 'text/event-stream; charset=utf-8',
    streams: ({ body }) => body.stream === true,
    whole: (said) => wholeOf(kind, said),
    frames: (said, seen) => framesOf(kind, said, seen),
  }
}

const azureKey = 'canary-azure-7f3a'

/** Azure OpenAI: the deployment in the path, the version in the query, what filters found before the first word. */
export const azure: Wire = {
  ...like({
    model: 'gpt-4o',
    callId: 'call_azure_1',
    usage: 'asked',
    first: {
      id: '',
      object: '',
      created: 0,
      model: '',
      choices: [],
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
    },
  }),
  name: 'azure',
  protocol: 'azure-openai',
  baseUrl: (url) => url,
  secret: () => azureKey,
  canaries: () => [azureKey],
  refuses({ path, headers }) {
    if (headers['api-key'] !== azureKey) return 'Access denied due to invalid subscription key'
    return /^\/openai\/deployments\/gpt-4o\/chat\/completions\?api-version=\d{4}-\d\d-\d\d$/.test(
      path,
    )
      ? undefined
      : 'Resource not found'
  },
  broken: (message) => data({ error: { message, type: 'server_error', code: '500' } }),
  failure: (status, message) => ({ body: { error: { code: String(status), message } } }),
}

const mistralKey = 'canary-mistral-7f3a'

/** Mistral: unknown parameters are refused, usage comes unasked, ids of calls have nine characters. */
export const mistral: Wire = {
  ...like({ model: 'mistral-small-latest', callId: 'D681PevKs', usage: 'last' }),
  name: 'mistral',
  protocol: 'mistral',
  baseUrl: (url) => `${url}/v1`,
  secret: () => mistralKey,
  canaries: () => [mistralKey],
  refuses({ path, headers, body }) {
    if (headers.authorization !== `Bearer ${mistralKey}`) return 'Unauthorized'
    if (path !== '/v1/chat/completions') return 'no Route matched with those values'
    const extra = ['stream_options', 'seed', 'max_completion_tokens', 'user'].find(
      (one) => one in body,
    )
    if (extra) return `Extra inputs are not permitted: ${extra}`
    const wrong = JSON.stringify(body.messages).match(
      /"(?:tool_call_)?id":"(?![a-zA-Z0-9]{9}")[^"]*"/,
    )
    return wrong ? 'Tool call id has to be defined as [a-zA-Z0-9]{9}' : undefined
  },
  broken: (message) =>
    data({ object: 'error', message, type: 'internal_server_error', code: '1000' }),
  failure: (status, message) => ({
    body: {
      object: 'error',
      message,
      type: 'invalid_request_error',
      param: null,
      code: String(status),
    },
  }),
}

const faceKey = 'hf_canary7f3a'

/** Text Generation Inference of Hugging Face. */
export const tgi: Wire = {
  ...like({ model: 'tgi', callId: '0', usage: 'asked' }),
  name: 'tgi',
  protocol: 'huggingface',
  baseUrl: (url) => url,
  secret: () => faceKey,
  canaries: () => [faceKey],
  refuses({ path, headers }) {
    if (headers.authorization !== `Bearer ${faceKey}`) return 'Invalid token'
    return path === '/v1/chat/completions' ? undefined : 'not found'
  },
  broken: (error) => data({ error, error_type: 'generation' }),
  failure: (_, error) => ({ body: { error, error_type: 'overloaded' } }),
}
