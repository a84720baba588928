import { type DialectSamples, dialectKit } from '../../../../conformance/dialect/index.ts'
import { createOpenAiCompletions } from './index.ts'

const head = { id: 'cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7', created: 1_589_478_378, model: 'davinci-002' }
const chunk = (text: string, finish: string | null, more: object = {}) =>
  `data: ${JSON.stringify({
    ...head,
    object: 'text_completion',
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish, ...more }],
  })}\n\n`
const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const logprobs = {
  tokens: ['This'],
  token_logprobs: [-0.5],
  top_logprobs: [{ That: -1.5 }],
  text_offset: [0],
}
const choice = (text: string, more: object = {}) => ({
  text,
  index: 0,
  logprobs: null,
  finish_reason: 'length',
  ...more,
})

const samples: DialectSamples = {
  requests: [
    {
      name: 'a prompt',
      body: {
        model: 'davinci-002',
        prompt: 'Say this is a test',
        max_tokens: 7,
        temperature: 0,
        logprobs: 1,
        n: 2,
        stop: ['\n'],
        user: 'u',
        seed: 3,
        stream: true,
        stream_options: { include_usage: true },
      },
    },
    {
      name: 'a list of one prompt and fields of its own',
      body: {
        model: 'm',
        prompt: ['Once'],
        suffix: 'end',
        echo: true,
        best_of: 2,
        top_k: 4,
        min_p: 0.1,
      },
    },
    {
      name: 'penalties',
      body: {
        model: 'm',
        prompt: 'x',
        presence_penalty: 1,
        frequency_penalty: -1,
        logit_bias: { '1': 2 },
        top_p: 0.5,
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: '\n\nThis is indeed a test',
      body: {
        ...head,
        object: 'text_completion',
        choices: [choice('\n\nThis is indeed a test')],
        usage,
      },
    },
    {
      name: 'probabilities',
      says: 'This',
      body: { ...head, object: 'text_completion', choices: [choice('This', { logprobs })], usage },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Thïs is',
      finish: 'stop',
      bytes: [chunk('Thïs', null), chunk(' is', null), chunk('', 'stop'), 'data: [DONE]\n\n'].join(
        '',
      ),
    },
    {
      name: 'probabilities',
      says: 'This',
      finish: 'length',
      bytes: [chunk('This', 'length', { logprobs }), 'data: [DONE]\n\n'].join(''),
    },
  ],
  errors: [
    {
      status: 400,
      body: '{"error":{"message":"too long","type":"invalid_request_error","param":"prompt","code":null}}',
      code: 'INVALID_INPUT',
      message: 'too long',
    },
  ],
}

dialectKit(createOpenAiCompletions(), samples)
