import type { lintSource } from '@secretlint/core'
import type { Finding, View } from '../finding.ts'

/**
 * Cheap gate before the secretlint rules: each of the rules below needs one of these prefixes.
 * Without a hit secretlint is not even loaded.
 */
const triggers =
  /_authToken=|npm_|xox[bpaor]-|xapp-|hooks\.slack\.com|sk-|gsk_|hf_|lin_api_|ntn_|SG\.|shp(?:pa|ca|at|ss)_|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|gl(?:c|sa)_|ops_ey|hv[sbr]\.|vc[piark]_|dapi|dckr_pat_|figd_|cf(?:k|ut|at)_|tskey-/g

/**
 * The rule packages whose findings are used. Left out: comments that switch rules off (a document
 * must not
 * choose what is found in it), and what the detectors beside this file find with exact ends
 * (AWS, PEM keys, addresses with credentials, database connection strings).
 */
const ruleNames = new Set(
  [
    'npm',
    'slack',
    'sendgrid',
    'shopify',
    'openai',
    'anthropic',
    'groq',
    'huggingface',
    'linear',
    'notion',
    'stripe',
    'github',
    'gitlab',
    'grafana',
    '1password',
    'hashicorp-vault',
    'vercel',
    'databricks',
    'docker',
    'figma',
    'cloudflare',
    'tailscale',
  ].map((name) => `@secretlint/secretlint-rule-${name}`),
)

/** A window around triggers: room for look-behind before, for the longest common token after. */
const before = 64
const after = 4_096
const windowMax = 16_384

type Lint = (text: string) => ReturnType<typeof lintSource>
let loading: Promise<Lint> | undefined

/** Whether the secretlint rules could find anything in this text. */
export function needsSecretRules({ text, wanted }: View): boolean {
  if (!wanted.has('SECRET')) return false
  return text.search(triggers) >= 0
}

/** Access tokens by secretlint's rules, run only around places that can hold one. */
export async function findBySecretRules(view: View): Promise<Finding[]> {
  loading ??= load()
  const lint = await loading
  const found: Finding[] = []
  for (const [start, end] of windowsAround(view.text)) {
    const window = view.text.slice(start, end)
    for (const message of (await lint(window)).messages) {
      if (message.type !== 'message') continue
      const from = message.range[0]
      // One rule reads to the end of the line; a token has no spaces.
      const to = from + window.slice(from, message.range[1]).search(/\s|$/)
      const name = message.ruleId.replace('@secretlint/secretlint-rule-', '')
      found.push({
        kind: 'SECRET',
        start: start + from,
        end: start + to,
        score: 0.95,
        rule: `secret.${name}`,
      })
    }
  }
  return found
}

function windowsAround(text: string): [number, number][] {
  const windows: [number, number][] = []
  for (const trigger of text.matchAll(triggers)) {
    const last = windows.at(-1)
    const end = Math.min(text.length, trigger.index + after)
    const start = Math.max(0, trigger.index - before)
    if (last && trigger.index + 256 < last[1]) continue
    if (last && start <= last[1] && end - last[0] <= windowMax) last[1] = end
    else windows.push([start, end])
  }
  return windows
}

async function load(): Promise<Lint> {
  const [core, preset] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ])
  const rules = preset.rules
    .filter((rule) => ruleNames.has(rule.meta.id))
    .map((rule) => ({ id: rule.meta.id, rule }))
  return (content) =>
    core.lintSource({
      source: { filePath: 'text.txt', content, contentType: 'text', ext: '.txt' },
      options: { noPhysicFilePath: true, config: { rules } },
    })
}
