import type { DialectSamples } from '../../../../conformance/dialect/index.ts'

let number = 0
const event = (type: string, more: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number++, ...more })}\n\n`

const usage = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 123,
}

const response = (more: object) => ({
  id: 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b',
  object: 'response',
  created_at: 1_741_476_542,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  model: 'gpt-5.4',
  output: [],
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
  usage: null,
  user: null,
  metadata: {},
  ...more,
})

const message = (text: string) => ({
  type: 'message',
  id: 'msg_67ccd2bf17f0819081ff3bb2cf6508e6',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
})

const thought = {
  id: 'rs_1',
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: 'Let me see.' }],
  encrypted_content: 'gAAAAABoc',
}

const called = {
  type: 'function_call',
  id: 'fc_67ca09c6bedc8190a7abfec07b1a1332',
  call_id: 'call_unLAR8MvFNptuiZK6K6HCy5k',
  name: 'get_current_weather',
  arguments: '{"location":"Boston, MA"}',
  status: 'completed',
}

export const samples: DialectSamples = {
  requests: [
    {
      name: 'a text',
      body: {
        model: 'gpt-5.4',
        input: 'Tell me a bedtime story about a unicorn.',
        instructions: 'Be brief.',
        max_output_tokens: 100,
        temperature: 0.5,
        top_p: 0.9,
        include: ['message.output_text.logprobs'],
        top_logprobs: 2,
        metadata: { ticket: '4711' },
        user: 'u-1',
        prompt_cache_key: 'k',
        service_tier: 'auto',
        store: false,
        previous_response_id: 'resp_1',
        truncation: 'auto',
        stream: true,
        text: { verbosity: 'low', format: { type: 'json_object' } },
        reasoning: { effort: 'low', summary: 'auto', context: 'auto' },
      },
    },
    {
      name: 'images and files',
      body: {
        model: 'gpt-5.4',
        input: [
          { role: 'developer', content: 'Be exact.' },
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'what is in this file?' },
              { type: 'input_image', image_url: 'https://example.com/a.jpg', detail: 'auto' },
              { type: 'input_image', file_id: 'file-1' },
              { type: 'input_file', file_url: 'https://example.com/a.pdf' },
              {
                type: 'input_file',
                filename: 'a.pdf',
                file_data: 'data:application/pdf;base64,JVBERi0=',
                prompt_cache_breakpoint: { mode: 'explicit' },
              },
            ],
          },
        ],
      },
    },
    {
      name: 'tools, thoughts and items of its own',
      body: {
        model: 'gpt-5.4',
        input: [
          { role: 'user', content: 'What is the weather like in Boston today?' },
          thought,
          called,
          {
            type: 'function_call_output',
            call_id: 'call_unLAR8MvFNptuiZK6K6HCy5k',
            output: [
              { type: 'input_text', text: '22 °C' },
              { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' },
            ],
          },
          { type: 'web_search_call', id: 'ws_1', status: 'completed' },
          message('It is warm.'),
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Thanks' }] },
        ],
        tools: [
          {
            type: 'function',
            name: 'get_current_weather',
            description: 'Get the current weather',
            parameters: { type: 'object', properties: {} },
            strict: true,
          },
          { type: 'web_search' },
        ],
        tool_choice: { type: 'function', name: 'get_current_weather' },
        parallel_tool_calls: false,
        text: {
          format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true },
        },
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'In a peaceful grove',
      body: response({
        status: 'completed',
        output: [message('In a peaceful grove')],
        usage,
      }),
    },
    {
      name: 'thoughts and a tool call',
      says: '',
      body: response({ status: 'completed', output: [thought, called], usage }),
    },
    {
      name: 'cut by its limit, with probabilities',
      says: 'In',
      body: response({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [
          {
            ...message(''),
            content: [
              {
                type: 'output_text',
                text: 'In',
                annotations: [],
                logprobs: [{ token: 'In', logprob: -0.2, bytes: [73, 110], top_logprobs: [] }],
              },
            ],
          },
        ],
        usage,
      }),
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Hi 世界',
      finish: 'stop',
      bytes: [
        event('response.created', { response: response({}) }),
        event('response.in_progress', { response: response({}) }),
        event('response.output_item.added', {
          output_index: 0,
          item: {
            id: 'msg_1',
            type: 'message',
            status: 'in_progress',
            role: 'assistant',
            content: [],
          },
        }),
        event('response.content_part.added', {
          ...{ item_id: 'msg_1', output_index: 0, content_index: 0 },
          part: { type: 'output_text', text: '', annotations: [] },
        }),
        event('response.output_text.delta', {
          ...{ item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hi ', logprobs: [] },
        }),
        event('response.output_text.delta', {
          ...{ item_id: 'msg_1', output_index: 0, content_index: 0, delta: '世界', logprobs: [] },
        }),
        event('response.output_text.done', {
          ...{ item_id: 'msg_1', output_index: 0, content_index: 0, text: 'Hi 世界' },
        }),
        event('response.output_item.done', { output_index: 0, item: message('Hi 世界') }),
        event('response.completed', {
          response: response({ status: 'completed', output: [message('Hi 世界')], usage }),
        }),
      ].join(''),
    },
    {
      name: 'thoughts and tool calls',
      says: '',
      finish: 'tool-calls',
      bytes: [
        event('response.created', { response: response({}) }),
        event('response.output_item.added', {
          output_index: 0,
          item: { id: 'rs_1', type: 'reasoning', summary: [] },
        }),
        event('response.reasoning_summary_text.delta', {
          ...{ item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Let me see.' },
        }),
        event('response.output_item.done', { output_index: 0, item: thought }),
        event('response.output_item.added', {
          output_index: 1,
          item: { ...called, arguments: '', status: 'in_progress' },
        }),
        event('response.function_call_arguments.delta', {
          ...{ item_id: called.id, output_index: 1, delta: '{"location":' },
        }),
        event('response.function_call_arguments.delta', {
          ...{ item_id: called.id, output_index: 1, delta: '"Boston, MA"}' },
        }),
        event('response.output_item.done', { output_index: 1, item: called }),
        event('response.output_item.done', {
          output_index: 2,
          item: { ...called, call_id: 'call_at_once' },
        }),
        event('response.completed', {
          response: response({ status: 'completed', output: [thought, called], usage }),
        }),
      ].join(''),
    },
  ],
  errors: [
    {
      status: 404,
      body: '{"error":{"message":"Previous response not found.","type":"invalid_request_error","param":"previous_response_id","code":null}}',
      code: 'UPSTREAM_FAILED',
      message: 'Previous response not found.',
    },
  ],
}
