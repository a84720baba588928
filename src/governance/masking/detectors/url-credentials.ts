import type { Finding, View } from '../finding.ts'

const userInfoMax = 512
const restMax = 2_048

/**
 * Addresses with a user name and password (RFC 3986 userinfo), of any scheme: web, mail, databases,
 * brokers.
 * The whole address is one finding, since host and path often say whose account it is.
 */
export function findUrlCredentials({ text }: View): Finding[] {
  const found: Finding[] = []
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const scheme = /[A-Za-z][A-Za-z0-9+.-]{0,23}$/.exec(text.slice(Math.max(0, at - 24), at))
    if (!scheme) continue
    const end = credentialsEnd(text, at + 3)
    if (end < 0) continue
    const start = at - scheme[0].length
    found.push({ kind: 'URL_CREDENTIALS', start, end, score: 0.95, rule: 'url.userinfo' })
  }
  return found
}

function credentialsEnd(text: string, from: number): number {
  const authority = /^[^\s/?#<>"'`|]+/.exec(text.slice(from, from + userInfoMax + 256))
  if (!authority) return -1
  const sign = authority[0].lastIndexOf('@')
  if (sign < 0 || sign > userInfoMax) return -1
  const userInfo = authority[0].slice(0, sign)
  const colon = userInfo.indexOf(':')
  const isTemplate = /^[$<{[%*]|^x+$|^\*+$/i.test(userInfo.slice(colon + 1))
  if (colon < 0 || colon === userInfo.length - 1 || isTemplate) return -1
  const rest = /^[^\s<>"'`|]*/.exec(text.slice(from + sign + 1, from + sign + 1 + restMax))![0]
  const host = rest.replace(/[.,;:!?)\]}]+$/, '')
  return host === '' ? -1 : from + sign + 1 + host.length
}
