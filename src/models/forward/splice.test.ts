import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spliceBody } from './splice.ts'

const spliced = (text: string, how: Parameters<typeof spliceBody>[2]) =>
  spliceBody(Buffer.from(text), JSON.parse(text), how).toString('utf8')

describe('the body that is passed on', () => {
  it('differs from the one that came by the model alone, byte by byte [M15.splice-bytes]', () => {
    const text =
      '{ "messages":[{"role":"user","content":"a \\"model\\": b ü 🙂"}],\n"model" : "fast", "n":1.50 }'
    expect(spliced(text, { model: 'gpt-x' })).toBe(text.replace('"fast"', '"gpt-x"'))
    expect(spliced(text, { model: 'x', set: { stream_options: { include_usage: true } } })).toBe(
      text.replace('"fast"', '"x"').replace('{', '{"stream_options":{"include_usage":true},'),
    )
  })

  it('always says what was checked: parsed again it is the request with that model [M15.splice-property]', () => {
    const members = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 6 })
    fc.assert(
      fc.property(members, fc.string(), fc.string(), fc.boolean(), (rest, asked, model, spaced) => {
        const request = { ...rest, model: asked, messages: [{ content: '"model":"x"' }] }
        const text = JSON.stringify(request, null, spaced ? 2 : 0)
        const set = { stream_options: { include_usage: true } }
        const out = spliceBody(Buffer.from(text), JSON.parse(text), { model, set })
        expect(JSON.parse(out.toString('utf8'))).toEqual({ ...JSON.parse(text), model, ...set })
      }),
    )
  })

  it('cannot be read in two ways: twice named, escaped or nested models are written anew [M15.splice-smuggling]', () => {
    for (const text of [
      '{"model":"fast","model":"fast"}',
      '{"model":"fast","mod\\u0065l":"fast"}',
      '{"\\u006dodel":"fast"}',
      '{"metadata":{"model":"fast"},"model":"fast"}',
      '{"model":"f\\u0061st"}',
    ]) {
      const out = spliced(text, { model: 'upstream' })
      expect(
        out
          .match(/"mod(el|\\u0065l)"\s*:\s*"(fast|upstream)"/g)
          ?.filter((m) => m.includes('upstream')),
      ).toHaveLength(1)
      expect(JSON.parse(out).model).toBe('upstream')
      expect(Object.keys(JSON.parse(out))).toEqual(Object.keys(JSON.parse(text)))
    }
    expect(spliced('{"model":"fast","model":"fast"}', { model: 'u' })).toBe('{"model":"u"}')
  })
})
