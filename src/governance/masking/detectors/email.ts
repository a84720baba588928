import type { Finding, View } from '../finding.ts'

const localChars = /[\p{L}\p{N}\p{M}._%+\-'’~]/u
const domainShape =
  /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[\p{L}\p{M}]{2,63})/iu

/** RFC 5321 sizes: 64 octets of local part, 253 of domain. */
const localMax = 64
const domainMax = 253

/**
 * E-mail addresses, also with letters outside ASCII (RFC 6531). Quoted local parts are not read.
 */
export function findEmails({ text }: View): Finding[] {
  const found: Finding[] = []
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const end = domainEnd(text, at + 1)
    if (end < 0) continue
    const start = localStart(text, at)
    if (start < 0 || isScpPath(text, end)) continue
    found.push({ kind: 'EMAIL', start, end, score: 0.99, rule: 'email.address' })
  }
  return found
}

function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < localMax) {
    const low = text.charCodeAt(start - 1)
    const width = low >= 0xdc00 && low <= 0xdfff && start > 1 ? 2 : 1
    if (!localChars.test(text.slice(start - width, start))) break
    start -= width
  }
  // A leading dot, quote or sign is punctuation of the sentence, not of the address.
  while (start < at && /[.\-'’+%~]/.test(text[start]!)) start++
  if (start === at || text[at - 1] === '.') return -1
  return start
}

function domainEnd(text: string, from: number): number {
  const match = domainShape.exec(text.slice(from, from + domainMax + 2))
  if (!match || match[0].length > domainMax) return -1
  return from + match[0].length
}

/** `git@host.org:group/repository` names a repository. */
function isScpPath(text: string, end: number): boolean {
  return text[end] === ':' && /^:[A-Za-z~][\w.~-]*\//.test(text.slice(end, end + 80))
}
