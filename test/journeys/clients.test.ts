import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { HumanMessage, type ToolMessage } from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAI as LangchainCompletion } from '@langchain/openai'
import { OpenAI as LlamaOpenAI } from '@llamaindex/openai'
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from 'ai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type OpenHouse, openHouse } from '../open-house.ts'
import { startToolUpstream, type ToolUpstream } from './tool-upstream.fixture.ts'

const resources = (upstream: ToolUpstream) => `
kind: Provider
name: weather
spec: { protocol: openai, baseUrl: "${upstream.url}/v1", retry: { max: 0 } }
---
kind: Model
name: weather
spec: { provider: weather, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
`
const prompt = 'What is the weather in Bern?'
const schema = z.object({ city: z.string(), degrees: z.number() })
const bern = { city: 'Bern', degrees: 21 }

describe('official clients, with nothing changed but their base URL', () => {
  let house: OpenHouse
  let upstream: ToolUpstream
  let at: { baseURL: string; apiKey: string }
  let wrong: typeof at
  beforeAll(async () => {
    upstream = await startToolUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
    await house.apply(resources(upstream))
    at = { baseURL: `${house.url}/v1`, apiKey: house.owner.key }
    wrong = { ...at, apiKey: 'plk_wrong' }
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })
  afterEach(() => {
    upstream.bodies.length = 0
  })

  const aiModels = (from: typeof at) => ({
    responses: createOpenAI(from).responses('weather'),
    chat: createOpenAI(from).chat('weather'),
    anthropic: createAnthropic(from)('weather'),
  })
  const getWeather = tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string(), degrees: z.number().optional() }),
    execute: async ({ city }) => `sunny in ${city}`,
  })

  it.each(['responses', 'chat', 'anthropic'] as const)(
    'ai by its %s: text, streams, tools, structured output, errors [M15.client-ai]',
    async (protocol) => {
      const model = aiModels(at)[protocol]
      const { text, usage } = await generateText({ model, prompt })
      expect([text, usage.inputTokens, usage.outputTokens]).toEqual(['It is sunny.', 11, 7])
      const streamed = streamText({ model, prompt })
      let said = ''
      for await (const piece of streamed.textStream) said += piece
      expect(said).toBe('It is sunny.')
      const tools = { getWeather }
      const stopWhen = stepCountIs(3)
      const called = await generateText({ model, prompt, tools, stopWhen })
      expect(called.text).toBe('The tool says sunny in Bern.')
      expect(called.steps).toHaveLength(2)
      const streamedCall = streamText({ model, prompt, tools, stopWhen })
      expect(await streamedCall.text).toBe('The tool says sunny in Bern.')
      const { output } = await generateText({ model, prompt, output: Output.object({ schema }) })
      expect(output).toEqual(bern)
      const error = await generateText({
        ...{ model: aiModels(wrong)[protocol], prompt, maxRetries: 0 },
      }).catch((e: unknown) => e)
      expect(APICallError.isInstance(error) && error.statusCode).toBe(401)
    },
  )

  it('ai completes a bare prompt [M15.client-ai]', async () => {
    const { text } = await generateText({ model: createOpenAI(at).completion('weather'), prompt })
    expect(text).toBe('It is sunny.')
  })

  it.each([false, true])(
    '@langchain/openai (Responses API: %s): text, streams, tools, structured output, errors [M15.client-langchain]',
    async (useResponsesApi) => {
      const of = ({ apiKey, baseURL }: typeof at) =>
        new ChatOpenAI({
          ...{ model: 'weather', apiKey, configuration: { baseURL }, maxRetries: 0 },
          useResponsesApi,
        })
      const model = of(at)
      const answer = await model.invoke(prompt)
      expect([answer.text, answer.usage_metadata]).toMatchObject([
        'It is sunny.',
        { input_tokens: 11, output_tokens: 7 },
      ])
      let said = ''
      for await (const chunk of await model.stream(prompt)) said += chunk.text
      expect(said).toBe('It is sunny.')
      const weather = langchainTool(async ({ city }: { city: string }) => `sunny in ${city}`, {
        ...{
          name: 'getWeather',
          description: 'The weather',
          schema: z.object({ city: z.string() }),
        },
      })
      const withTools = model.bindTools([weather])
      const asked = new HumanMessage(prompt)
      const call = await withTools.invoke([asked])
      expect(call.tool_calls).toMatchObject([{ name: 'getWeather', args: { city: 'Bern' } }])
      const result = (await weather.invoke(call.tool_calls![0]!)) as ToolMessage
      const then = await withTools.invoke([asked, call, result])
      expect(then.text).toBe('The tool says sunny in Bern.')
      const structured = model.withStructuredOutput(schema, { name: 'weather' })
      expect(await structured.invoke(prompt)).toEqual(bern)
      const error = (await of(wrong)
        .invoke(prompt)
        .catch((e: unknown) => e)) as { status: number }
      expect(error.status).toBe(401)
    },
  )

  it('@langchain/openai completes a bare prompt [M15.client-langchain]', async () => {
    const { apiKey, baseURL } = at
    const model = new LangchainCompletion({ model: 'weather', apiKey, configuration: { baseURL } })
    expect(await model.invoke(prompt)).toBe('It is sunny.')
  })

  it('llamaindex: text, streams, tools, errors [M15.client-llamaindex]', async () => {
    const of = (from: typeof at) => new LlamaOpenAI({ model: 'weather', ...from, maxRetries: 0 })
    const llm = of(at)
    const messages = [{ role: 'user' as const, content: prompt }]
    const answer = await llm.chat({ messages })
    expect(answer.message.content).toBe('It is sunny.')
    let said = ''
    for await (const { delta } of await llm.chat({ messages, stream: true })) said += delta
    expect(said).toBe('It is sunny.')
    const weather = {
      call: ({ city }: { city: string }) => `sunny in ${city}`,
      metadata: {
        ...{ name: 'getWeather', description: 'The weather' },
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
      },
    }
    const called = await llm.chat({ messages, tools: [weather as never] })
    expect(called.message.options).toMatchObject({
      toolCall: [{ name: 'getWeather', id: 'call_1' }],
    })
    const error = (await of(wrong)
      .chat({ messages })
      .catch((e: unknown) => e)) as { status: number }
    expect(error.status).toBe(401)
  })
})
