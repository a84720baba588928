import type { DialectSamples } from '../../../../conformance/dialect/index.ts'

const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
    object: 'chat.completion.chunk',
    created: 1_741_569_952,
    model: 'gpt-5.4-2026-03-05',
    service_tier: 'default',
    system_fingerprint: 'fp_44709d6fcb',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...more }],
    usage: null,
  })}\n\n`

const usage = {
  prompt_tokens: 19,
  completion_tokens: 10,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 3,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
}
const usageChunk = `data: ${JSON.stringify({
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion.chunk',
  created: 1_741_569_952,
  model: 'gpt-5.4-2026-03-05',
  choices: [],
  usage,
})}\n\n`

const weather = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a given location',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
      required: ['location'],
    },
    strict: true,
  },
}

export const samples: DialectSamples = {
  requests: [
    {
      name: 'a developer and a user',
      body: {
        model: 'gpt-5.4',
        messages: [
          { role: 'developer', content: 'You are a helpful assistant.' },
          { role: 'user', content: 'Hello!', name: 'anna' },
        ],
        max_completion_tokens: 200,
        temperature: 0,
        top_p: 1,
        n: 2,
        seed: 7,
        stop: 'END',
        logprobs: true,
        top_logprobs: 2,
        logit_bias: { '50256': -100 },
        frequency_penalty: -1,
        presence_penalty: 1,
        user: 'u-1',
        metadata: { ticket: '4711' },
        prompt_cache_key: 'k',
        service_tier: 'auto',
        stream: true,
        stream_options: { include_usage: true, include_obfuscation: false },
        store: false,
        verbosity: 'low',
        prediction: { type: 'content', content: 'x' },
        safety_identifier: null,
      },
    },
    {
      name: 'an image, a file, a sound and a marked prompt',
      body: {
        model: 'gpt-5.4',
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'text',
                text: 'What is in these?',
                prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' },
              },
              {
                type: 'image_url',
                image_url: { url: 'https://example.com/boardwalk.jpg', detail: 'high' },
              },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
              { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
              {
                type: 'file',
                file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
              },
              { type: 'file', file: { file_id: 'file-6F2ksmvXxt4VdoqmHRw6kL' } },
            ],
          },
        ],
      },
    },
    {
      name: 'tools in parallel',
      body: {
        model: 'gpt-5.4',
        messages: [
          { role: 'user', content: 'What is the weather like in Boston and Paris?' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: 'call_abc123',
                type: 'function',
                function: { name: 'get_current_weather', arguments: '{\n"location": "Boston"\n}' },
              },
              {
                id: 'call_def456',
                type: 'function',
                function: { name: 'get_current_weather', arguments: '{"location":"Paris"}' },
              },
            ],
          },
          { role: 'tool', tool_call_id: 'call_abc123', content: '22 °C' },
          { role: 'tool', tool_call_id: 'call_def456', content: [{ type: 'text', text: '19 °C' }] },
        ],
        tools: [weather, { type: 'custom', custom: { name: 'sql', format: { type: 'text' } } }],
        tool_choice: { type: 'function', function: { name: 'get_current_weather' } },
        parallel_tool_calls: true,
        reasoning_effort: 'minimal',
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
        },
      },
    },
    {
      name: 'an assistant who refused and one who thought',
      body: {
        model: 'qwen3',
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: [{ type: 'refusal', refusal: 'I cannot.' }] },
          { role: 'user', content: 'Why?' },
          { role: 'assistant', reasoning_content: 'Hmm.', content: 'Because.' },
          { role: 'user', content: 'Oh.' },
        ],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
        top_k: 20,
        min_p: 0.1,
        chat_template_kwargs: { enable_thinking: false },
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'Hello! How can I assist you today?',
      body: {
        id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
        object: 'chat.completion',
        created: 1_741_569_952,
        model: 'gpt-5.4-2026-03-05',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'Hello! How can I assist you today?',
              refusal: null,
              annotations: [],
            },
            logprobs: {
              content: [{ token: 'Hello', logprob: -0.31, bytes: [72], top_logprobs: [] }],
              refusal: null,
            },
            finish_reason: 'stop',
          },
        ],
        usage,
        service_tier: 'default',
      },
    },
    {
      name: 'tool calls',
      says: '',
      body: {
        id: 'chatcmpl-abc123',
        object: 'chat.completion',
        created: 1_699_896_916,
        model: 'gpt-5.4',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: null,
              tool_calls: [
                {
                  id: 'call_abc123',
                  type: 'function',
                  function: { name: 'get_current_weather', arguments: '{"location":"Boston"}' },
                },
              ],
            },
            logprobs: null,
            finish_reason: 'tool_calls',
          },
        ],
        usage: { prompt_tokens: 82, completion_tokens: 17, total_tokens: 99 },
      },
    },
    {
      name: 'thoughts of an open model, as vLLM tells them',
      says: '9.8',
      body: {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: 'qwen3',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: '9.8',
              reasoning_content: 'Which is greater?',
              tool_calls: [],
            },
            finish_reason: 'stop',
            stop_reason: null,
          },
        ],
        usage: { prompt_tokens: 8, total_tokens: 10, completion_tokens: 2 },
      },
    },
  ],
  streams: [
    {
      name: 'text with usage',
      says: 'Hellö 世界 🙂',
      finish: 'stop',
      bytes: [
        chunk({ role: 'assistant', content: '', refusal: null }),
        chunk({ content: 'Hellö ' }),
        chunk({ content: '世界' }),
        chunk({ content: ' 🙂' }),
        chunk({}, { finish_reason: 'stop' }),
        usageChunk,
        'data: [DONE]\n\n',
      ].join(''),
    },
    {
      name: 'parallel tool calls',
      says: '',
      finish: 'tool-calls',
      bytes: [
        chunk({
          role: 'assistant',
          content: null,
          tool_calls: [
            { index: 0, id: 'call_a', type: 'function', function: { name: 'w', arguments: '' } },
          ],
        }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '"é"}' } }] }),
        chunk({
          tool_calls: [
            { index: 1, id: 'call_b', type: 'function', function: { name: 'w', arguments: '{}' } },
          ],
        }),
        chunk({}, { finish_reason: 'tool_calls' }),
        'data: [DONE]\n\n',
      ].join(''),
    },
    {
      name: 'thoughts, then text with probabilities',
      says: 'Four',
      finish: 'length',
      bytes: [
        chunk({ role: 'assistant', reasoning_content: 'Let me' }),
        chunk({ reasoning_content: ' see.' }),
        chunk(
          { content: 'Four' },
          {
            logprobs: {
              content: [{ token: 'Four', logprob: -0.5, bytes: null, top_logprobs: [] }],
            },
          },
        ),
        chunk({}, { finish_reason: 'length' }),
        'data: [DONE]\n\n',
      ].join(''),
    },
  ],
  errors: [
    {
      status: 401,
      body: '{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}',
      code: 'UPSTREAM_FAILED',
      message: 'Incorrect API key provided.',
    },
    {
      status: 400,
      body: '{"error":{"message":"Unknown parameter.","type":"invalid_request_error","param":"foo","code":null}}',
      code: 'INVALID_INPUT',
      message: 'Unknown parameter.',
    },
    {
      status: 429,
      headers: { 'retry-after': '3' },
      body: '{"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}}',
      code: 'TOO_MANY_REQUESTS',
      message: 'Rate limit reached',
    },
    {
      status: 422,
      body: '{"detail":[{"loc":["body","messages"],"msg":"field required","type":"value_error"}]}',
      code: 'INVALID_INPUT',
      message: 'field required',
    },
    {
      status: 503,
      body: 'upstream connect error',
      code: 'UPSTREAM_FAILED',
      message: 'upstream connect error',
    },
  ],
}
