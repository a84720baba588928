import type {
  CallMessage,
  CallPart,
  FinishReason,
  ModelCall,
  ModelReply,
  ReplyChoice,
} from '../../src/ports/index.ts'

/** Something that a caller may ask for or be told, by itself: a row of the support table. */
export interface Feature<T> {
  id: string
  title: string
  value: T
}

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=='
const png = { kind: 'bytes', mediaType: 'image/png', data: pixel } as const
const pdf = { kind: 'bytes', mediaType: 'application/pdf', data: 'JVBERi0xLjQKJSVFT0YK' } as const
const letter = { kind: 'bytes', mediaType: 'text/plain', data: 'RGVhciBTaXI=' } as const

const text = (value: string): CallPart => ({ type: 'text', text: value })
const user = (...content: CallPart[]): CallMessage => ({ role: 'user', content })
const hello = user(text('How long is the notice period?'))

const base: ModelCall = {
  model: 'm-1',
  messages: [hello],
  maxOutputTokens: 300,
  stream: false,
}

const weather = {
  type: 'function',
  name: 'weather',
  description: 'The weather at a place',
  parameters: {
    type: 'object',
    properties: { place: { type: 'string' } },
    required: ['place'],
  },
} as const
const clock = {
  type: 'function',
  name: 'clock',
  parameters: { type: 'object', properties: {} },
} as const
const toolCall = (id: string, name: string, input: object): CallPart => ({
  type: 'tool-call',
  id,
  name,
  arguments: JSON.stringify(input),
})
const result = (callId: string, ...content: CallPart[]): CallMessage => ({
  role: 'tool',
  content: [{ type: 'tool-result', callId, content }],
})
const asked = toolCall('call_1', 'weather', { place: 'Köln' })
const called: CallMessage[] = [hello, { role: 'assistant', content: [asked] }]

const schema = {
  type: 'object',
  properties: { months: { type: 'integer' } },
  required: ['months'],
  additionalProperties: false,
}

function call(id: string, title: string, more: Partial<ModelCall>): Feature<ModelCall> {
  return { id, title, value: { ...base, ...more } }
}

function said(id: string, title: string, ...messages: CallMessage[]): Feature<ModelCall> {
  return call(id, title, { messages })
}

/** What can stand in a request. */
export const callFeatures: readonly Feature<ModelCall>[] = [
  call('text', 'text', {}),
  said('system', 'system message', { role: 'system', content: [text('Be brief.')] }, hello),
  said(
    'developer',
    'developer message',
    { role: 'developer', content: [text('Be brief.')] },
    hello,
  ),
  said(
    'system-later',
    'system message within the conversation',
    hello,
    { role: 'assistant', content: [text('Three months.')] },
    { role: 'system', content: [text('Now answer in German.')] },
    user(text('And in Austria?')),
  ),
  said(
    'turns',
    'conversation of several turns',
    hello,
    { role: 'assistant', content: [text('Three months. 🙂')] },
    user(text('为什么?')),
  ),
  said(
    'answer-first',
    'answer before the first question',
    {
      role: 'assistant',
      content: [text('Hello!')],
    },
    hello,
  ),
  said('name', 'name of a participant', { ...hello, name: 'anna' }),
  said('parts', 'several texts in one message', user(text('One.'), text('Two.'))),
  said(
    'image-url',
    'image by URL',
    user(text('What is it?'), {
      type: 'image',
      source: { kind: 'url', url: 'https://example.com/a.png' },
    }),
  ),
  said('image', 'image in the request', user(text('What is it?'), { type: 'image', source: png })),
  said('image-detail', 'detail of an image', user({ type: 'image', source: png, detail: 'low' })),
  said(
    'image-stored',
    'image kept by the provider',
    user({
      type: 'image',
      source: { kind: 'stored', fileId: 'file_1' },
    }),
  ),
  said('pdf', 'PDF in the request', user({ type: 'file', source: pdf, name: 'letter.pdf' })),
  said(
    'pdf-url',
    'PDF by URL',
    user({
      type: 'file',
      source: { kind: 'url', url: 'https://example.com/a.pdf' },
    }),
  ),
  said('text-file', 'text file in the request', user({ type: 'file', source: letter })),
  said(
    'file-stored',
    'file kept by the provider',
    user({
      type: 'file',
      source: { kind: 'stored', fileId: 'file_1' },
    }),
  ),
  said(
    'audio',
    'sound in the request',
    user({
      type: 'audio',
      source: { kind: 'bytes', mediaType: 'audio/wav', data: 'UklGRg==' },
    }),
  ),
  call('tools', 'tools', { tools: [weather, clock] }),
  call('tool-strict', 'strict tool', { tools: [{ ...weather, strict: true }] }),
  call('choice-auto', 'tool choice: auto', { tools: [weather], toolChoice: 'auto' }),
  call('choice-none', 'tool choice: none', { tools: [weather], toolChoice: 'none' }),
  call('choice-required', 'tool choice: required', { tools: [weather], toolChoice: 'required' }),
  call('choice-named', 'tool choice: by name', {
    tools: [weather],
    toolChoice: { name: 'weather' },
  }),
  call('parallel-off', 'no parallel tool calls', {
    tools: [weather],
    toolChoice: 'auto',
    parallelToolCalls: false,
  }),
  call('tool-result', 'tool call and its result', {
    tools: [weather],
    messages: [...called, result('call_1', text('22 °C'))],
  }),
  call('tool-results', 'parallel tool calls and their results', {
    tools: [weather, clock],
    messages: [
      hello,
      {
        role: 'assistant',
        content: [text('I look.'), asked, toolCall('call_2', 'clock', {})],
      },
      result('call_1', text('22 °C')),
      result('call_2', text('12:00')),
      user(text('Well?')),
    ],
  }),
  call('tool-image', 'image as a result of a tool', {
    tools: [weather],
    messages: [...called, result('call_1', text('A map:'), { type: 'image', source: png })],
  }),
  call('tool-failed', 'failed tool', {
    tools: [weather],
    messages: [
      ...called,
      {
        role: 'tool',
        content: [
          { type: 'tool-result', callId: 'call_1', content: [text('no network')], isError: true },
        ],
      },
    ],
  }),
  said(
    'thoughts',
    'thoughts of an earlier turn',
    hello,
    { role: 'assistant', content: [{ type: 'reasoning', text: 'Let me see.' }, text('Three.')] },
    user(text('Sure?')),
  ),
  call('json', 'JSON', { format: { type: 'json' } }),
  call('json-schema', 'JSON by a schema', {
    format: { type: 'json-schema', name: 'answer', schema },
  }),
  call('json-schema-strict', 'JSON by a strict, named schema', {
    format: { type: 'json-schema', name: 'notice', schema, strict: true },
  }),
  call('no-limit', 'no limit of tokens', { maxOutputTokens: undefined } as never),
  call('temperature', 'temperature', { temperature: 0.3 }),
  call('temperature-high', 'temperature above 1', { temperature: 1.5 }),
  call('top-p', 'top-p', { topP: 0.9 }),
  call('top-k', 'top-k', { topK: 40 }),
  call('min-p', 'min-p', { minP: 0.05 }),
  call('frequency-penalty', 'frequency penalty', { frequencyPenalty: 0.5 }),
  call('presence-penalty', 'presence penalty', { presencePenalty: 0.5 }),
  call('seed', 'seed', { seed: 7 }),
  call('stop', 'stop sequences', { stop: ['END', '\n\n'] }),
  call('n', 'several answers', { n: 2 }),
  call('logprobs', 'probabilities of tokens', { logprobs: { top: 2 } }),
  call('logit-bias', 'bias of tokens', { logitBias: { '50256': -100 } }),
  call('effort', 'effort of reasoning', { reasoning: { effort: 'high', adaptive: true } }),
  call('effort-none', 'no reasoning', { reasoning: { effort: 'none' } }),
  call('budget', 'budget of reasoning', {
    reasoning: { budgetTokens: 2_048 },
    maxOutputTokens: 4_096,
  }),
  call('adaptive', 'reasoning as the model sees fit', { reasoning: { adaptive: true } }),
  said('cache', 'prompt-cache marker', user({ ...text('Long.'), cache: {} } as CallPart)),
  call('cache-key', 'prompt-cache key', { cacheKey: 'team-a' }),
  call('user', 'end user', { user: 'u-17' }),
  call('metadata', 'metadata', { metadata: { ticket: '4711' } }),
  call('tier', 'service tier', { serviceTier: 'auto' }),
  call('stream', 'streaming', { stream: true, includeUsage: true }),
]

function reply(id: string, title: string, more: Partial<ModelReply>): Feature<ModelReply> {
  const choices = [{ content: [text('Three months.')], finish: 'stop' as const }]
  return { id, title, value: { choices, ...more } }
}

function choice(id: string, title: string, more: Partial<ReplyChoice>): Feature<ModelReply> {
  const own = { content: [text('Three months.')], finish: 'stop' as const, ...more }
  return reply(id, title, { choices: [own] })
}

const finishes: FinishReason[] = ['length', 'content-filter', 'pause', 'other']

/** What can stand in an answer, streamed or not. */
export const replyFeatures: readonly Feature<ModelReply>[] = [
  choice('text', 'text', {}),
  choice('reasoning', 'thoughts', {
    content: [{ type: 'reasoning', text: 'Let me see.' }, text('Three.')],
  }),
  choice('tool-call', 'tool call', { content: [asked], finish: 'tool-calls' }),
  choice('tool-calls', 'parallel tool calls after text', {
    content: [text('I look.'), asked, toolCall('call_2', 'clock', {})],
    finish: 'tool-calls',
  }),
  choice('refusal', 'refusal in words', { content: [{ type: 'refusal', text: 'No.' }] }),
  ...finishes.map((finish) => choice(`finish-${finish}`, `ended by: ${finish}`, { finish })),
  choice('stop-sequence', 'which stop sequence ended it', { stopSequence: 'END' }),
  choice('logprobs', 'probabilities of tokens', {
    logprobs: [
      { token: 'Three', logprob: -0.1, bytes: [84], top: [{ token: 'Four', logprob: -2 }] },
    ],
  }),
  reply('choices', 'several answers', {
    choices: [
      { content: [text('Three.')], finish: 'stop' },
      { content: [text('Drei.')], finish: 'length' },
    ],
  }),
  reply('usage', 'usage', { usage: { inputTokens: 11, outputTokens: 7 } }),
  reply('usage-cached', 'usage: tokens from the cache', {
    usage: { inputTokens: 11, outputTokens: 7, cachedInputTokens: 5 },
  }),
  reply('usage-written', 'usage: tokens into the cache', {
    usage: { inputTokens: 11, outputTokens: 7, cacheWriteTokens: 5 },
  }),
  reply('usage-reasoning', 'usage: tokens of thoughts', {
    usage: { inputTokens: 11, outputTokens: 7, reasoningTokens: 3 },
  }),
]
