import { describe, expect, it } from 'vitest'
import { detect } from '../detect.ts'

/**
 * Random-looking characters; tokens are put together here so that no scanner takes this file for a
 * leak.
 */
function chars(length: number, alphabet = 'a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ'): string {
  return Array.from({ length }, (_, i) => alphabet[(i * 7 + 3) % alphabet.length]).join('')
}
const hex = '0123456789abcdef'
const letters = 'abcdefghijklmnopqrstuvwxyz'
const token = (prefix: string, rest: string) => prefix + rest

const tokens: [vendor: string, value: string][] = [
  ['github', token('github_', `pat_${chars(82)}`)],
  ['github', token('gh', `s_${chars(36)}`)],
  ['gitlab', token('glpat', `-${chars(20)}`)],
  ['npm', token('npm', `_${chars(36)}`)],
  ['slack', token('xoxp', `-${chars(12, '0123456789')}-${chars(24)}`)],
  ['slack', token('https://hooks.slack', `.com/services/T${chars(8)}/B${chars(8)}/${chars(24)}`)],
  ['openai', token('sk-', `proj-${chars(74)}T3BlbkFJ${chars(74)}`)],
  ['anthropic', token('sk-', `ant-api03-${chars(93)}AA`)],
  ['groq', token('gsk', `_${chars(52)}`)],
  ['huggingface', token('hf', `_${chars(34, letters)}`)],
  ['linear', token('lin_', `api_${chars(40)}`)],
  ['notion', token('ntn', `_${chars(11, '0123456789')}${chars(35)}`)],
  ['sendgrid', token('SG', `.${chars(22)}.${chars(43)}`)],
  ['shopify', token('shpat', `_${chars(32)}`)],
  ['stripe', token('sk_', `live_${chars(24)}`)],
  ['grafana', token('glsa', `_${chars(32)}_${chars(8, hex)}`)],
  ['hashicorp-vault', token('hvs', `.${chars(95)}`)],
  ['vercel', token('vcp', `_${chars(24)}`)],
  ['databricks', token('dapi', chars(32, hex))],
  ['docker', token('dckr', `_pat_${chars(27)}`)],
  ['figma', token('figd', `_${chars(40)}`)],
  ['cloudflare', token('cfut', `_${chars(40)}${chars(8, hex)}`)],
  ['tailscale', token('tskey', `-auth-${chars(12)}-${chars(32)}`)],
]

describe('the rules for vendors’ tokens', () => {
  it.each(tokens)(
    'finds a %s token, whole, in running text [M11.secrets]',
    async (_vendor, value) => {
      const text = `Use this one: ${value} (rotate it soon)`
      const found = (await detect(text)).map((f) => [f.kind, text.slice(f.start, f.end)])
      expect(found).toEqual([['SECRET', value]])
    },
  )

  it('finds tokens far apart and close together in a long text [M11.secrets]', async () => {
    const value = tokens[0]![1]
    const text = [value, 'words '.repeat(5_000), value, value, 'words '.repeat(20_000), value].join(
      '\n',
    )
    expect((await detect(text)).map((f) => f.kind)).toEqual([
      'SECRET',
      'SECRET',
      'SECRET',
      'SECRET',
    ])
  })

  it('leaves ordinary words with such beginnings alone [M11.precision]', async () => {
    const text =
      'The task-force asked dapibus, risk-based SG.com and hf_model, gh_actions; sk-learn npm_config.'
    expect(await detect(text)).toEqual([])
  })
})
