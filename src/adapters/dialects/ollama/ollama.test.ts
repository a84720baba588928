import { type DialectSamples, dialectKit } from '../../../../conformance/dialect/index.ts'
import { createOllama } from './index.ts'

const head = { model: 'llama3.2', created_at: '2026-08-04T08:52:19.385406Z' }
const line = (message: object, more: object = { done: false }) =>
  `${JSON.stringify({ ...head, message: { role: 'assistant', content: '', ...message }, ...more })}\n`
const done = {
  done: true,
  done_reason: 'stop',
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  prompt_eval_count: 26,
  prompt_eval_duration: 342_546_000,
  eval_count: 282,
  eval_duration: 4_535_599_000,
}
const call = { function: { name: 'get_weather', arguments: { city: 'Tokyo' } } }

const samples: DialectSamples = {
  requests: [
    {
      name: 'text with its settings',
      body: {
        model: 'llama3.2',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'why is the sky blue?' },
        ],
        options: {
          temperature: 0.1,
          num_ctx: 8_192,
          num_predict: 50,
          stop: ['x'],
          seed: 1,
          top_k: 4,
        },
        think: 'low',
        keep_alive: '5m',
      },
    },
    {
      name: 'an image and a schema',
      body: {
        model: 'llava',
        messages: [{ role: 'user', content: 'what is in this image?', images: ['iVBORw0KGgo='] }],
        format: { type: 'object' },
        stream: false,
        think: true,
      },
    },
    {
      name: 'tools without ids',
      body: {
        model: 'llama3.2',
        messages: [
          { role: 'user', content: 'weather?' },
          { role: 'assistant', content: '', thinking: 'Hm.', tool_calls: [call, call] },
          { role: 'tool', tool_name: 'get_weather', content: '11 degrees' },
          { role: 'tool', tool_name: 'get_weather', content: '12 degrees' },
        ],
        tools: [{ type: 'function', function: { name: 'get_weather', parameters: {} } }],
        format: 'json',
        logprobs: true,
        top_logprobs: 2,
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'Hello!',
      body: {
        ...head,
        message: { role: 'assistant', content: 'Hello!', thinking: 'Hm.' },
        ...done,
      },
    },
    {
      name: 'a tool call',
      says: '',
      body: { ...head, message: { role: 'assistant', content: '', tool_calls: [call] }, ...done },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Thë 世界',
      finish: 'stop',
      bytes: [
        line({ thinking: 'Hm.' }),
        line({ content: 'Thë ' }),
        line({ content: '世界' }),
        line({}, done),
      ].join(''),
    },
    {
      name: 'a tool call',
      says: '',
      finish: 'tool-calls',
      bytes: [line({ tool_calls: [call] }), line({ tool_calls: [call] }), line({}, done)].join(''),
    },
  ],
  errors: [
    {
      status: 404,
      body: '{"error":"model \\"x\\" not found, try pulling it first"}',
      code: 'UPSTREAM_FAILED',
      message: 'model "x" not found, try pulling it first',
    },
  ],
}

dialectKit(createOllama(), samples)
