import type { Finding, View } from '../finding.ts'

const jwt =
  /(?<![A-Za-z0-9_\-.])eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,16384}(?:\.[A-Za-z0-9_-]{0,4096}){1,3}/g

/**
 * JSON web tokens, signed (three parts) or encrypted (five): the header must decode to an object
 * with `alg`.
 */
export function findJwts({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const match of text.matchAll(jwt)) {
    if (!hasJoseHeader(match[0])) continue
    found.push({
      kind: 'JWT',
      start: match.index,
      end: match.index + match[0].length,
      score: 0.99,
      rule: 'jwt.header',
    })
  }
  return found
}

function hasJoseHeader(token: string): boolean {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    )
    return typeof header === 'object' && header !== null && 'alg' in header
  } catch {
    return false
  }
}

const pemLabel = '(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----'
const pemBegin = new RegExp(`-----BEGIN ${pemLabel}`, 'g')
const pemStart = new RegExp(`^-----BEGIN ${pemLabel}`)
/** Line breaks, also written as `\n` in JSON and environment files, and indentation. */
const pemGap = String.raw`(?:\\[rnt]|[\s"',]){1,24}`
/** Lines of base 64 and RFC 1421 headers. */
const pemLines = new RegExp(
  `^(?:${pemGap}(?:[A-Z][A-Za-z-]{2,20}: [^\\n\\\\]{0,200}|[A-Za-z0-9+/=]{16,}(?![A-Za-z0-9+/=])))+`,
)
/** Up to two short lines (the end of the data, the OpenPGP check sum), then the END line. */
const pemEnd = new RegExp(
  `^(?:${pemGap}[A-Za-z0-9+/=]{1,15}){0,2}(?:${pemGap})?-----END ${pemLabel}`,
)
/** Without an END line, a short line still belongs to the key when nothing else stands in it. */
const pemRest = /^(?:\r?\n|\\n)[A-Za-z0-9+/=]{1,15}(?![^\r\n\\])/
/** Longest PEM block that is read; an RSA key of 16,384 bits takes 13,000 characters. */
export const pemMax = 16_384

/**
 * Private keys in PEM (RFC 7468) and OpenPGP armour. A block that is cut off is a key just the
 * same:
 * without its END line the finding reaches as far as the lines look like base 64.
 */
export function findPrivateKeys({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const match of text.matchAll(pemBegin)) {
    const bodyStart = match.index + match[0].length
    const window = text.slice(bodyStart, match.index + pemMax)
    const body = pemLines.exec(window)?.[0].length ?? 0
    if (body === 0) continue
    const after = window.slice(body, body + 192)
    const close = pemEnd.exec(after)
    const rule = close ? 'pem.block' : 'pem.cut'
    const end = bodyStart + body + ((close ?? pemRest.exec(after))?.[0].length ?? 0)
    found.push({ kind: 'PRIVATE_KEY', start: match.index, end, score: 0.99, rule })
  }
  return found
}

/** Whether the text ends inside a private key, or inside a line that may begin or end one. */
export function endsInPrivateKey(text: string): boolean {
  if (/-----(?:BEGIN|END)[ A-Z0-9]{0,60}-{0,4}\s?$/.test(text.slice(-80))) return true
  const begin = text.lastIndexOf('-----BEGIN ')
  if (begin < 0 || text.length - begin > pemMax) return false
  const match = pemStart.exec(text.slice(begin, begin + 128))
  if (!match) return false
  const window = text.slice(begin + match[0].length)
  const body = pemLines.exec(window)?.[0].length ?? 0
  return /^(?:(?:\\[rnt]|[\s"',]){1,24}[A-Za-z0-9+/=]{0,76}){0,3}\s*$/.test(window.slice(body))
}

const plinthKey = /(?<![A-Za-z0-9_])plk_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}(?![A-Za-z0-9_])/g

/** Plinth's own API keys, by shape: a key with a wrong check sum was mistyped from a right one. */
export function findPlinthKeys({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const match of text.matchAll(plinthKey)) {
    found.push({
      kind: 'SECRET',
      start: match.index,
      end: match.index + match[0].length,
      score: 0.99,
      rule: 'secret.plinth',
    })
  }
  return found
}
