import type { DialectSamples } from '../../../../conformance/dialect/index.ts'

const event = (type: string, more: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

const start = event('message_start', {
  message: {
    id: 'msg_013Zva2CMHLNnjNjxZmQB',
    type: 'message',
    role: 'assistant',
    content: [],
    model: 'claude-opus-4-8',
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: 25,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 4,
      output_tokens: 1,
    },
  },
})

const end = (reason: string, tokens: number) =>
  event('message_delta', {
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: tokens },
  }) + event('message_stop')

const weather = {
  name: 'get_weather',
  description: 'Get the current weather in a given location',
  input_schema: {
    type: 'object',
    properties: { location: { type: 'string' } },
    required: ['location'],
  },
}

export const samples: DialectSamples = {
  requests: [
    {
      name: 'text',
      body: {
        model: 'claude-opus-4-8',
        max_tokens: 1_024,
        system: 'You are a helpful assistant.',
        messages: [{ role: 'user', content: 'Hello, world' }],
        temperature: 0.5,
        top_p: 0.9,
        top_k: 5,
        stop_sequences: ['\n\nHuman:'],
        metadata: { user_id: 'u-1' },
        service_tier: 'auto',
        stream: true,
      },
    },
    {
      name: 'blocks, cached, with images and documents',
      body: {
        model: 'claude-opus-4-8',
        max_tokens: 1_024,
        system: [
          { type: 'text', text: 'You are brief.' },
          { type: 'text', text: 'A long book.', cache_control: { type: 'ephemeral', ttl: '1h' } },
        ],
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'image',
                source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/4AAQSkZJRg==' },
              },
              { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
              { type: 'image', source: { type: 'file', file_id: 'file_abc123' } },
              {
                type: 'document',
                source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
                title: 'Letter',
                context: 'From 1999',
                citations: { enabled: true },
                cache_control: { type: 'ephemeral' },
              },
              {
                type: 'document',
                source: { type: 'text', media_type: 'text/plain', data: 'Käse & 世界' },
              },
              {
                type: 'document',
                source: { type: 'content', content: [{ type: 'text', text: 'x' }] },
              },
              { type: 'search_result', source: 's', title: 't', content: [] },
              { type: 'text', text: 'What is in this image?' },
            ],
          },
        ],
        cache_control: { type: 'ephemeral' },
        container: 'container_1',
        output_config: {
          effort: 'high',
          format: { type: 'json_schema', schema: { type: 'object' } },
        },
        thinking: { type: 'adaptive', display: 'omitted' },
      },
    },
    {
      name: 'tools, thoughts and results with text after them',
      body: {
        model: 'claude-opus-4-8',
        max_tokens: 20_000,
        thinking: { type: 'enabled', budget_tokens: 10_000 },
        tools: [
          { ...weather, strict: true, cache_control: { type: 'ephemeral' }, defer_loading: true },
          { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
        ],
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
        messages: [
          { role: 'user', content: 'What is the weather like in San Francisco?' },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'I need the tool.', signature: 'EqoBCkgIARABGAI=' },
              { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
              { type: 'text', text: 'I check.' },
              {
                type: 'tool_use',
                id: 'toolu_01A09q90qw90lq917835lq9',
                name: 'get_weather',
                input: { location: 'San Francisco, CA' },
              },
              {
                type: 'server_tool_use',
                id: 'srvtoolu_1',
                name: 'web_search',
                input: { query: 'x' },
              },
            ],
          },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 'toolu_01A09q90qw90lq917835lq9',
                content: [
                  { type: 'text', text: '15 degrees' },
                  {
                    type: 'image',
                    source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
                  },
                ],
                is_error: true,
              },
              { type: 'text', text: 'Go on.' },
            ],
          },
        ],
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'Hi! My name is Claude.',
      body: {
        id: 'msg_013Zva2CMHLNnjNjxZmQB',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-8',
        content: [
          {
            type: 'text',
            text: 'Hi! My name is Claude.',
            citations: [{ type: 'char_location', cited_text: 'x' }],
          },
        ],
        stop_reason: 'end_turn',
        stop_sequence: null,
        stop_details: null,
        usage: {
          input_tokens: 2_095,
          output_tokens: 503,
          cache_creation_input_tokens: 10,
          cache_read_input_tokens: 20,
          output_tokens_details: { thinking_tokens: 100 },
          service_tier: 'standard',
        },
      },
    },
    {
      name: 'thoughts and a tool call',
      says: 'I check.',
      body: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-8',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'EqoBCkgIARABGAI=' },
          { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
          { type: 'text', text: 'I check.' },
          { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { location: 'SF' } },
        ],
        stop_reason: 'tool_use',
        stop_sequence: null,
        usage: { input_tokens: 1, output_tokens: 2 },
      },
    },
    {
      name: 'ended by a stop sequence',
      says: 'One',
      body: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-8',
        content: [{ type: 'text', text: 'One' }],
        stop_reason: 'stop_sequence',
        stop_sequence: 'Two',
        usage: { input_tokens: 1, output_tokens: 2 },
      },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Hellö 世界!',
      finish: 'stop',
      bytes: [
        start,
        event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        event('ping'),
        event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hellö ' } }),
        event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: '世界!' } }),
        event('content_block_stop', { index: 0 }),
        event('an_event_of_next_year', { what: 1 }),
        end('end_turn', 15),
      ].join(''),
    },
    {
      name: 'thoughts, a tool of the provider and a tool call',
      says: 'I check.',
      finish: 'tool-calls',
      bytes: [
        start,
        event('content_block_start', {
          index: 0,
          content_block: { type: 'thinking', thinking: '', signature: '' },
        }),
        event('content_block_delta', {
          index: 0,
          delta: { type: 'thinking_delta', thinking: 'Let me see.' },
        }),
        event('content_block_delta', {
          index: 0,
          delta: { type: 'signature_delta', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' },
        }),
        event('content_block_stop', { index: 0 }),
        event('content_block_start', { index: 1, content_block: { type: 'text', text: '' } }),
        event('content_block_delta', { index: 1, delta: { type: 'text_delta', text: 'I check.' } }),
        event('content_block_stop', { index: 1 }),
        event('content_block_start', {
          index: 2,
          content_block: { type: 'server_tool_use', id: 's_1', name: 'web_search', input: {} },
        }),
        event('content_block_delta', {
          index: 2,
          delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' },
        }),
        event('content_block_stop', { index: 2 }),
        event('content_block_start', {
          index: 3,
          content_block: { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} },
        }),
        event('content_block_delta', {
          index: 3,
          delta: { type: 'input_json_delta', partial_json: '' },
        }),
        event('content_block_delta', {
          index: 3,
          delta: { type: 'input_json_delta', partial_json: '{"location": "San' },
        }),
        event('content_block_delta', {
          index: 3,
          delta: { type: 'input_json_delta', partial_json: ' Francisco, CA"}' },
        }),
        event('content_block_stop', { index: 3 }),
        end('tool_use', 89),
      ].join(''),
    },
  ],
  errors: [
    {
      status: 404,
      body: '{"type":"error","error":{"type":"not_found_error","message":"model: nope"},"request_id":"req_1"}',
      code: 'UPSTREAM_FAILED',
      message: 'model: nope',
    },
    {
      status: 529,
      body: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      code: 'UPSTREAM_FAILED',
      message: 'Overloaded',
    },
    {
      status: 413,
      body: '{"type":"error","error":{"type":"request_too_large","message":"Too large"}}',
      code: 'TOO_LARGE',
      message: 'Too large',
    },
  ],
}
