import { supportedBy, surroundings } from '../context.ts'
import { acceptScore, type Finding, type View } from '../finding.ts'
import type { Kind } from '../kinds.ts'
import { type IdRule, idRules } from './national-id-rules.ts'

/** What words like "tax id" or "BSN" near a number add to its score. */
const contextBonus = 0.45

/** National identity, tax, health and social-security numbers whose check digits hold. */
export function findNationalIds({ text, wanted }: View): Finding[] {
  const found: Finding[] = []
  for (const rule of idRules) {
    if (wanted.has(rule.kind)) collect(rule, text, found)
  }
  return found
}

function collect(rule: IdRule, text: string, found: Finding[]): void {
  for (const match of text.matchAll(rule.pattern)) {
    const compact = compactId(match[0])
    if (!rule.check(compact)) continue
    const start = match.index
    const end = start + match[0].length
    const base = rule.score(match[0], compact)
    const supported = supportedBy(rule.words, surroundings(text, start, end))
    const score = Math.min(0.99, supported ? base + contextBonus : base)
    if (score < acceptScore) continue
    const name = rule.kind.toLowerCase().replaceAll('_', '-')
    found.push({ kind: rule.kind, start, end, score, rule: supported ? `${name}+context` : name })
  }
}

/** Letters and digits only, upper case. */
function compactId(value: string): string {
  return value.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase()
}

/**
 * Whether a number (separators allowed) has the structure and check digits of this kind of national
 * id.
 */
export function isNationalId(kind: Kind, value: string): boolean {
  const compact = compactId(value)
  return idRules.some(
    (rule) => rule.kind === kind && rule.shape.test(compact) && rule.check(compact),
  )
}
