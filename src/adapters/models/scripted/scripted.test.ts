import { describe, expect, it } from 'vitest'
import { providerSpec } from '#kernel'
import type { ChatPart, ChatRequest } from '#ports'
import { createScriptedModel } from './index.ts'

const spec = providerSpec.parse({
  protocol: 'scripted',
  script: {
    rules: [
      { when: 'notice period', reply: 'Three  months,\nsays the contract.' },
      { when: 'outage', fails: 'UPSTREAM_TIMEOUT' },
      { when: 'slow', reply: 'one two three', delayMs: 5_000 },
      { reply: 'You said: {{question}}', finish: 'content-filter' },
    ],
  },
})
const model = createScriptedModel('script', spec.script!)

async function parts(question: string, more: Partial<ChatRequest> = {}, signal?: AbortSignal) {
  const request = { model: 'm', messages: [{ role: 'user' as const, content: question }], ...more }
  const all: ChatPart[] = []
  for await (const part of model.stream(request, signal ?? new AbortController().signal))
    all.push(part)
  return all
}
const textOf = (all: readonly ChatPart[]) =>
  all.map((part) => (part.type === 'text' ? part.text : '')).join('')

describe('a scripted model', () => {
  it('says what the first rule that fits says, the same each time [M15.scripted]', async () => {
    const once = await parts('How long is the Notice Period?')
    expect(textOf(once)).toBe('Three  months,\nsays the contract.')
    expect(once.slice(-2)).toEqual([
      { type: 'usage', inputTokens: 6, outputTokens: 5 },
      { type: 'finish', reason: 'stop' },
    ])
    expect(await parts('How long is the Notice Period?')).toEqual(once)
    const other = await parts('$& and $1')
    expect(textOf(other)).toBe('You said: $& and $1')
    expect(other.at(-1)).toEqual({ type: 'finish', reason: 'content-filter' })
  })

  it('keeps a limit of tokens, fails where it is told to, and stops when its caller leaves [M15.scripted]', async () => {
    const cut = await parts('notice period', { maxOutputTokens: 2 })
    expect([textOf(cut), cut.at(-1)]).toEqual([
      'Three  months,\n',
      { type: 'finish', reason: 'length' },
    ])
    await expect(parts('an outage')).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    const stop = new AbortController()
    const slow = parts('slow', {}, stop.signal)
    stop.abort()
    await expect(slow).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('needs a script, and no address [M15.scripted]', () => {
    expect(providerSpec.safeParse({ protocol: 'scripted' }).success).toBe(false)
    const both = {
      protocol: 'scripted',
      script: { rules: [{ reply: 'x', fails: 'UPSTREAM_FAILED' }] },
    }
    expect(providerSpec.safeParse(both).success).toBe(false)
  })
})
