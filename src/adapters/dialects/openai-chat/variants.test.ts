import { describe, expect, it } from 'vitest'
import type { Dialect, ModelCall } from '#ports'
import { dialectKit } from '../../../../conformance/dialect/index.ts'
import { createAzureOpenAi } from '../azure-openai/index.ts'
import { createHuggingFace } from '../huggingface/index.ts'
import { createMistral } from '../mistral/index.ts'
import { samples } from './samples.fixture.ts'

const plain = {
  ...samples,
  requests: [
    {
      name: 'a system and a user',
      path: '/deployments/m/chat/completions',
      body: {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hello' },
        ],
        max_tokens: 5,
        temperature: 0.5,
        stop: ['x'],
        stream: true,
      },
    },
    {
      name: 'an image',
      body: {
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What?' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
            ],
          },
        ],
      },
    },
    {
      name: 'tools',
      body: {
        model: 'm',
        messages: [
          { role: 'user', content: 'Weather?' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [
              { id: 'D681PevKs', type: 'function', function: { name: 'w', arguments: '{}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'D681PevKs', content: '22' },
        ],
        tools: [{ type: 'function', function: { name: 'w', parameters: { type: 'object' } } }],
        tool_choice: 'auto',
      },
    },
  ],
}

dialectKit(createMistral(), plain)
dialectKit(createAzureOpenAi(), plain)
dialectKit(createHuggingFace(), plain)

const outbound = { request: () => Promise.reject(new Error('unused')) }
const address = (dialect: Dialect, baseUrl: string, apiKey: string, path: string) =>
  dialect.endpoint({ baseUrl, apiKey, outbound }).address(path, '{}')

describe('relatives of chat completions', () => {
  const asked: ModelCall = {
    model: 'gpt 4o',
    stream: false,
    seed: 7,
    toolChoice: 'required',
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: [{ type: 'tool-call', id: 'call_a_long_one', name: 'w', arguments: '{}' }],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'call_a_long_one', content: [] }] },
    ],
  }

  it('have Mistral’s names, and ids that it takes, the same for call and result [M15.openai-relatives]', () => {
    const { body } = createMistral().writeRequest(asked)
    expect(body).toMatchObject({ random_seed: 7, tool_choice: 'any' })
    const [, called, result] = body.messages as [
      unknown,
      { tool_calls: { id: string }[] },
      { tool_call_id: string },
    ]
    expect(called.tool_calls[0]!.id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(result.tool_call_id).toBe(called.tool_calls[0]!.id)
  })

  it('find a deployment of Azure, by key and by token, on either interface [M15.openai-relatives]', async () => {
    const azure = createAzureOpenAi()
    const { path } = azure.writeRequest(asked)
    const old = await address(azure, 'https://x.openai.azure.com/', 'k', path)
    expect(old.url).toBe(
      'https://x.openai.azure.com/openai/deployments/gpt%204o/chat/completions?api-version=2024-10-21',
    )
    expect(old.headers).toMatchObject({ 'api-key': 'k' })
    const dated = 'https://x.openai.azure.com?api-version=2025-04-01-preview'
    const preview = await address(azure, dated, 'eyJ0', path)
    expect(preview.url).toContain('api-version=2025-04-01-preview')
    expect(preview.headers).toMatchObject({ authorization: 'Bearer eyJ0' })
    const newer = await address(azure, 'https://x.openai.azure.com/openai/v1', 'k', path)
    expect(newer.url).toBe('https://x.openai.azure.com/openai/v1/chat/completions')
    const { model: _, ...unnamed } = createMistral().writeRequest(asked).body
    expect(azure.readRequest(unnamed, path).model).toBe('gpt 4o')
  })

  it('rerank as text-embeddings-inference does, beside the chat of Hugging Face [M15.openai-relatives]', async () => {
    const face = createHuggingFace()
    const call = { model: 'm', query: 'q', documents: ['a', 'b'] }
    const { path, body } = face.rerank!.writeRequest(call)
    expect(body).toMatchObject({ query: 'q', texts: ['a', 'b'] })
    const answered = [
      { index: 0, score: 0.1 },
      { index: 1, score: 0.9 },
    ]
    expect(face.rerank!.readReply(answered).results.map(({ index }) => index)).toEqual([1, 0])
    const { url } = await address(face, 'http://tei:8080/v1/', 'hf', path)
    expect(url).toBe('http://tei:8080/rerank')
    const chat = await address(face, 'http://tgi:8080', 'hf', '/chat/completions')
    expect(chat.url).toBe('http://tgi:8080/v1/chat/completions')
    expect(chat.headers).toMatchObject({ authorization: 'Bearer hf' })
  })
})
