import type { Finding, View } from '../finding.ts'

/**
 * Names that announce a secret: `aws_secret_access_key`, `client-secret`, `x-api-key`, `dbPassword`
 * …
 */
const secretNames =
  /(?:secret[_-]?access[_-]?key|(?:client|app|api|auth|shared|consumer|signing|webhook|account|storage)[_-]?(?:secret|key|token)|(?:access|refresh|id|session|bearer|deploy|bot)[_-]?token|private[_-]?key|secret[_-]?key|password|passwd|passphrase)["']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}["'`]?/gi
const bearer = /\b(?:bearer|basic)[ \t]{1,4}/gi
const value = /[A-Za-z0-9+/=_.~\-!@#$%^&*]{12,512}/y

/** Access key ids and API keys with a fixed prefix that the rule packages do not cover. */
const prefixed: readonly { rule: string; pattern: RegExp }[] = [
  {
    rule: 'secret.aws-access-key-id',
    pattern:
      /(?<![A-Za-z0-9_])(?:A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9_])/g,
  },
  {
    rule: 'secret.google-api-key',
    pattern: /(?<![A-Za-z0-9_-])AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/g,
  },
  {
    rule: 'secret.google-oauth',
    pattern:
      /(?<![A-Za-z0-9_-])(?:ya29\.[0-9A-Za-z_-]{20,2048}|GOCSPX-[0-9A-Za-z_-]{28})(?![0-9A-Za-z_-])/g,
  },
]

/**
 * Secrets that a name or a scheme announces (`client_secret: …`, `Authorization: Bearer …`), and
 * two big clouds' keys.
 */
export function findSecretAssignments({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const { rule, pattern } of prefixed) {
    for (const match of text.matchAll(pattern)) {
      found.push({
        kind: 'SECRET',
        start: match.index,
        end: match.index + match[0].length,
        score: 0.95,
        rule,
      })
    }
  }
  for (const [announcement, rule] of [
    [secretNames, 'secret.assignment'],
    [bearer, 'secret.bearer'],
  ] as const) {
    for (const match of text.matchAll(announcement)) {
      const finding = valueAt(text, match.index + match[0].length, rule)
      if (finding) found.push(finding)
    }
  }
  return found
}

function valueAt(text: string, start: number, rule: string): Finding | undefined {
  value.lastIndex = start
  const match = value.exec(text)
  if (!match) return undefined
  const secret = match[0].replace(/[.,;]+$/, '')
  if (!looksRandom(secret)) return undefined
  return { kind: 'SECRET', start, end: start + secret.length, score: 0.8, rule }
}

/**
 * Letters and digits mixed, and more bits a character than words have (Shannon, over the value's
 * own characters).
 */
function looksRandom(secret: string): boolean {
  if (secret.length < 12 || !/\d/.test(secret) || !/[A-Za-z]/.test(secret)) return false
  if (/^[$%{<]|\(|process\.env|example|placeholder|changeme|xxxx|\*{3}/i.test(secret)) return false
  const counts = new Map<string, number>()
  for (const char of secret) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values())
    bits -= (count / secret.length) * Math.log2(count / secret.length)
  return bits >= 3
}
