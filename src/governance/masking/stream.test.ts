import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detect } from './detect.ts'
import { type MaskOptions, mask, type Replacement } from './mask.ts'
import { PlaceholderScope } from './placeholder.ts'
import { Masker, maskStream } from './stream.ts'
import { piecesOfText } from './text.fixture.ts'
import { Unmasker, unmask, unmaskStream } from './unmask.ts'

async function maskedWhole(
  text: string,
  options: MaskOptions = {},
): Promise<{ text: string; replacements: Replacement[] }> {
  return mask(text, await detect(text), new PlaceholderScope().mint, options)
}

async function maskedInChunks(chunks: string[], scope = new PlaceholderScope()): Promise<string> {
  const masker = new Masker(scope)
  let out = ''
  for (const chunk of chunks) out += await masker.push(chunk)
  return out + (await masker.flush())
}

function split(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length]!
    chunks.push(text.slice(at, at + size))
    at += size
  }
  return chunks
}

const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })

describe('the streaming masker', () => {
  it('gives what masking the whole text gives, whatever the split [M11.stream]', async () => {
    await fc.assert(
      fc.asyncProperty(piecesOfText, sizes, async (text, by) => {
        expect(await maskedInChunks(split(text, by))).toBe((await maskedWhole(text)).text)
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same for a split at each single position [M11.stream]', async () => {
    const text =
      'Call +49 (0) 30 901820 or mail a.b@example.org; card 4111 1111 1111 1111, <EMAIL_1> SSN 536-90-4399 😀.'
    const whole = (await maskedWhole(text)).text
    for (let at = 0; at <= text.length; at++) {
      expect(await maskedInChunks([text.slice(0, at), text.slice(at)]), `split at ${at}`).toBe(
        whole,
      )
    }
  })

  it('comes back through the streaming unmasker at any two splits [M11.roundtrip]', async () => {
    await fc.assert(
      fc.asyncProperty(piecesOfText, sizes, sizes, async (text, by, back) => {
        const scope = new PlaceholderScope()
        const masked = await maskedInChunks(split(text, by), scope)
        const unmasker = new Unmasker(scope.lookup)
        let out = ''
        for (const chunk of split(masked, back)) out += unmasker.push(chunk)
        expect(out + unmasker.flush()).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  it('never gives out a part of a value before the whole of it is known [M11.stream]', async () => {
    for (const value of [
      'a.b@example.org',
      '4111 1111 1111 1111',
      'DE89 3704 0044 0532 0130 00',
      '+49 30 901820',
    ]) {
      const masker = new Masker(new PlaceholderScope())
      let out = ''
      for (const char of `It is ${value} as you know, my dear friend and colleague`)
        out += await masker.push(char)
      expect(out).toMatch(/^It is <[A-Z_]+_1> /)
    }
  })

  it('lets plain words through at once and holds a bounded rest [M11.stream]', async () => {
    const words = new Masker(new PlaceholderScope())
    expect(await words.push('Plain words of an answer go thr')).toBe('Plain words of an answer go ')
    for (const unit of [
      '1 ',
      'a',
      '12-',
      '<EMAIL_1',
      '+',
      'secret ',
      '-----BEGIN PRIVATE KEY-----\n',
    ]) {
      const masker = new Masker(new PlaceholderScope())
      let most = 0
      for (let i = 0; i < 400; i++) {
        await masker.push(unit.repeat(Math.ceil(64 / unit.length)))
        most = Math.max(most, masker.held)
      }
      expect(most).toBeLessThan(22_000)
    }
  })

  it('comes back where a stretch is longer than it holds [M11.roundtrip]', async () => {
    const units = ['<EMAIL_1>', '4111111111111111', '<EMA', '1 ', '😀', 'a@b.example,']
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(20_000 / unit.length))
      const scope = new PlaceholderScope()
      const masked = await maskedInChunks(split(text, [997]), scope)
      expect(unmask(masked, scope.lookup) === text, unit).toBe(true)
    }
  })

  it('reports each replacement with offsets of the stream [M11.offsets]', async () => {
    const text = 'From a@example.org to b@example.org: card 4111111111111111, that is all there is.'
    const heard: Replacement[] = []
    const masker = new Masker(new PlaceholderScope(), { onReplacement: (r) => heard.push(r) })
    let out = ''
    for (const chunk of split(text, [7])) out += await masker.push(chunk)
    out += await masker.flush()
    expect(heard).toEqual((await maskedWhole(text)).replacements)
    for (const r of heard) expect(out.slice(r.maskedStart, r.maskedEnd)).toBe(r.placeholder)
  })
})

async function collect(stream: AsyncIterable<string>): Promise<string> {
  let out = ''
  for await (const chunk of stream) out += chunk
  return out
}

describe('streams of a model', () => {
  it('masks what the model says and keeps placeholders of the scope [M11.stream-output]', async () => {
    const scope = new PlaceholderScope()
    scope.mint('EMAIL', 'asked@example.org')
    const answer =
      'You can write to <EMAIL_1> or to new@example.org, or call +49 30 901820 tomorrow.'
    const masked = await collect(maskStream(split(answer, [3]), scope))
    expect(masked).toBe('You can write to <EMAIL_1> or to <EMAIL_2>, or call <PHONE_1> tomorrow.')
    expect(await collect(unmaskStream(split(masked, [2]), scope.lookup))).toBe(
      answer.replace('<EMAIL_1>', 'asked@example.org'),
    )
  })

  it('holds back only what may become a placeholder [M11.unmask-tail]', () => {
    const scope = new PlaceholderScope()
    scope.mint('EMAIL', 'a@example.org')
    const unmasker = new Unmasker(scope.lookup)
    expect(unmasker.push('see <b>bold</b> a < b <EM')).toBe('see <b>bold</b> a < b ')
    expect(unmasker.push('PTY> and <EMAIL')).toBe('<EMPTY> and ')
    expect(unmasker.push('_1')).toBe('')
    expect(unmasker.push('> and <EMAIL_9>, <EMAIL_')).toBe('a@example.org and <EMAIL_9>, ')
    expect(unmasker.flush()).toBe('<EMAIL_')
  })

  it('fails closed: an error in the source gives out nothing more [M11.stream-output]', async () => {
    async function* broken() {
      yield 'The number is 4111 1111'
      throw new Error('cut')
    }
    const seen: string[] = []
    await expect(async () => {
      for await (const chunk of maskStream(broken(), new PlaceholderScope())) seen.push(chunk)
    }).rejects.toThrow('cut')
    expect(seen.join('')).toBe('The number is ')
  })
})
