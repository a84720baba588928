import fc from 'fast-check'
import type { CallPart, ModelCall, ModelReply } from '../../src/ports/index.ts'

const words = fc.string({ unit: 'grapheme', maxLength: 30 })
const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/)

/** Calls made of several features at once, with texts of any kind in them. */
export function anyCall(features: readonly ModelCall[]): fc.Arbitrary<ModelCall> {
  const picked = fc.array(fc.constantFrom(...features), { minLength: 1, maxLength: 5 })
  return fc.tuple(picked, fc.array(words, { maxLength: 3 })).map(([calls, texts]) => {
    const merged: ModelCall = Object.assign({}, ...calls)
    const said = texts.map((text) => ({ type: 'text' as const, text }))
    const more = said.length > 0 ? [{ role: 'user' as const, content: said }] : []
    return { ...merged, messages: [...calls[0]!.messages, ...more] }
  })
}

/** Answers made of the parts of several features, in any order. */
export function anyReply(features: readonly ModelReply[]): fc.Arbitrary<ModelReply> {
  const known = features.flatMap(({ choices }) => choices[0]!.content)
  const part: fc.Arbitrary<CallPart> = fc.oneof(
    fc.constantFrom(...known),
    words.map((text) => ({ type: 'text' as const, text })),
    fc.tuple(key, fc.dictionary(key, words)).map(([name, input]) => ({
      type: 'tool-call' as const,
      id: `call_${name}`,
      name,
      arguments: JSON.stringify(input),
    })),
  )
  return fc
    .tuple(fc.constantFrom(...features), fc.array(part, { maxLength: 6 }))
    .map(([reply, content]) => ({
      ...reply,
      choices: [{ ...reply.choices[0]!, content: joined(content) }],
    }))
}

/** Neighbours that a stream cannot tell apart are one part; calls have ids of their own. */
function joined(parts: readonly CallPart[]): CallPart[] {
  const result: CallPart[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if ('text' in part && part.text === '') continue
    if (last && 'text' in last && 'text' in part && last.type === part.type)
      result[result.length - 1] = { ...last, text: last.text + part.text } as CallPart
    else if (part.type === 'tool-call') result.push({ ...part, id: `${part.id}_${result.length}` })
    else result.push(part)
  }
  return result
}

/** Any JSON, and known bodies with one value changed. */
export function anyJson(known: readonly unknown[]): fc.Arbitrary<unknown> {
  const changed = fc
    .tuple(fc.constantFrom(...known), fc.nat(), fc.jsonValue({ maxDepth: 2 }))
    .map(([body, at, value]) => changedAt(body, at, value))
  return fc.oneof(fc.jsonValue({ maxDepth: 3 }), changed)
}

function changedAt(body: unknown, at: number, value: unknown): unknown {
  const copy = structuredClone(body)
  const places: [Record<string, unknown>, string][] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const name of Object.keys(node)) {
      places.push([node as Record<string, unknown>, name])
      visit((node as Record<string, unknown>)[name])
    }
  }
  visit(copy)
  const place = places[at % Math.max(1, places.length)]
  if (place) place[0][place[1]] = value
  return copy
}
