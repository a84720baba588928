import { describe, expect, it } from 'vitest'
import { type DialectSamples, dialectKit } from '../../../../conformance/dialect/index.ts'
import { createCohere } from './index.ts'

const event = (type: string, more: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
const message = (type: string, index: number, value: object) =>
  event(type, { index, delta: { message: value } })
const usage = {
  billed_units: { input_tokens: 17, output_tokens: 12 },
  tokens: { input_tokens: 215, output_tokens: 12 },
  cached_tokens: 3,
}
const start = event('message-start', {
  id: '29f14a5a',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [] } },
})
const end = (finish_reason: string) =>
  event('message-end', { id: '29f14a5a', delta: { finish_reason, usage } })
const called = {
  id: 'query_daily_sales_report_x',
  type: 'function',
  function: { name: 'query_daily_sales_report', arguments: '{"day":"2023-09-29"}' },
}

const samples: DialectSamples = {
  requests: [
    {
      name: 'text with its settings',
      body: {
        model: 'command-a-03-2025',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hello world!' },
        ],
        max_tokens: 100,
        temperature: 0.3,
        p: 0.7,
        k: 5,
        seed: 3,
        stop_sequences: ['x'],
        frequency_penalty: 0.5,
        presence_penalty: 0.5,
        response_format: { type: 'json_object', json_schema: { type: 'object' } },
        thinking: { type: 'enabled', token_budget: 100 },
        safety_mode: 'STRICT',
        documents: [{ data: { text: 'x' } }],
        stream: true,
      },
    },
    {
      name: 'an image',
      body: {
        model: 'command-a-vision',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Describe it' },
              {
                type: 'image_url',
                image_url: { url: 'https://example.com/a.png', detail: 'auto' },
              },
            ],
          },
        ],
      },
    },
    {
      name: 'tools',
      body: {
        model: 'command-a-03-2025',
        messages: [
          { role: 'user', content: 'Sales?' },
          { role: 'assistant', tool_plan: 'I will look.', tool_calls: [called] },
          {
            role: 'tool',
            tool_call_id: 'query_daily_sales_report_x',
            content: [{ type: 'document', document: { data: { total: '10' } } }],
          },
        ],
        tools: [
          { type: 'function', function: { name: 'query_daily_sales_report', parameters: {} } },
        ],
        strict_tools: true,
        tool_choice: 'REQUIRED',
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'LLMs stand for Large Language Models.',
      body: {
        id: 'c14c80c3',
        finish_reason: 'COMPLETE',
        message: {
          role: 'assistant',
          content: [{ type: 'text', text: 'LLMs stand for Large Language Models.' }],
        },
        usage,
      },
    },
    {
      name: 'a tool call',
      says: '',
      body: {
        id: 'c14c80c3',
        finish_reason: 'TOOL_CALL',
        message: { role: 'assistant', tool_plan: 'I will look.', tool_calls: [called] },
        usage,
      },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Hällo 世界',
      finish: 'stop',
      bytes: [
        start,
        message('content-start', 0, { content: { type: 'text', text: '' } }),
        message('content-delta', 0, { content: { text: 'Hällo ' } }),
        message('content-delta', 0, { content: { text: '世界' } }),
        message('citation-start', 0, { citations: { start: 0, end: 2, text: 'Hä', sources: [] } }),
        event('citation-end', { index: 0 }),
        event('content-end', { index: 0 }),
        end('COMPLETE'),
      ].join(''),
    },
    {
      name: 'a plan and tool calls',
      says: '',
      finish: 'tool-calls',
      bytes: [
        start,
        message('tool-plan-delta', 0, { tool_plan: 'I will' }),
        message('tool-plan-delta', 0, { tool_plan: ' look.' }),
        message('tool-call-start', 0, {
          tool_calls: { ...called, function: { name: 'query', arguments: '' } },
        }),
        message('tool-call-delta', 0, { tool_calls: { function: { arguments: '{"day":' } } }),
        message('tool-call-delta', 0, { tool_calls: { function: { arguments: '"é"}' } } }),
        event('tool-call-end', { index: 0 }),
        end('TOOL_CALL'),
      ].join(''),
    },
  ],
  errors: [
    {
      status: 400,
      body: '{"id":"1","message":"invalid request: message must not be empty"}',
      code: 'INVALID_INPUT',
      message: 'invalid request: message must not be empty',
    },
  ],
}

dialectKit(createCohere(), samples)

describe('cohere', () => {
  it('reranks, and gives its own shape back [M15.cohere-rerank]', () => {
    const { rerank } = createCohere()
    const asked = { model: 'rerank-v3.5', query: 'q', documents: ['a', { text: 'b' }], top_n: 1 }
    const call = rerank!.readRequest(asked)
    expect(call).toEqual({ model: 'rerank-v3.5', query: 'q', documents: ['a', 'b'], topN: 1 })
    expect(rerank!.readRequest(rerank!.writeRequest(call).body)).toEqual(call)
    const body = {
      id: '1',
      results: [{ index: 1, relevance_score: 0.9 }],
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    }
    expect(rerank!.writeReply(rerank!.readReply(body), call).body).toEqual(body)
    expect(() => rerank!.readRequest({ model: 'm', query: 'q', documents: [] })).toThrow(
      /documents/,
    )
  })
})
