import { isIPv6 } from 'node:net'
import { supportedBy, surroundings, wordsPattern } from '../context.ts'
import { acceptScore, type Finding, type View } from '../finding.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ipv4 = new RegExp(
  `(?<![\\p{L}\\p{N}_\\-]|\\d[.,])${octet}(?:\\.${octet}){3}(?![\\p{L}\\p{N}_]|\\.\\d|-\\d)`,
  'gu',
)
/** Bounded: eight groups of four with their colons, an embedded IPv4 address at the end. */
const ipv6 =
  /(?<![\p{L}\p{N}_:.])(?=[0-9a-f]{0,4}:)[0-9a-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\p{L}\p{N}_:])/giu
const mac =
  /(?<![\p{L}\p{N}_:.-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\p{L}\p{N}_:-]|\.[0-9a-f])/giu

const versionWords = wordsPattern([
  'version',
  'versions',
  'release',
  'section',
  'chapter',
  'clause',
  'paragraph',
  'para',
  'article',
  'item',
  'figure',
  'table',
  'step',
  'rule',
  'annex',
  '§',
  'v',
  'ver',
  'ec',
  'kapitel',
  'abschnitt',
])
const macWords = wordsPattern(['mac', 'ethernet', 'bssid', 'hardware address', 'wifi', 'bluetooth'])

/** IPv4 and IPv6 addresses. A dotted number that the text calls a version is left alone. */
export function findIpAddresses({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const match of text.matchAll(ipv4)) {
    const end = match.index + match[0].length
    if (isOwnMachine(match[0]) || isVersion(text, match.index, end)) continue
    found.push({ kind: 'IP_ADDRESS', start: match.index, end, score: 0.9, rule: 'ip.v4' })
  }
  if (!text.includes(':')) return found
  for (const match of text.matchAll(ipv6)) {
    if (isOwnMachine(match[0]) || !isAddress(match[0])) continue
    found.push({
      kind: 'IP_ADDRESS',
      start: match.index,
      end: match.index + match[0].length,
      score: 0.95,
      rule: 'ip.v6',
    })
  }
  return found
}

/**
 * Loopback and unspecified addresses are the same on every machine and say nothing about anyone.
 */
const isOwnMachine = (address: string) => /^(?:127\.\d.*|0\.0\.0\.0|::1?)$/.test(address)

/**
 * A version, or the number of a heading or list item: small parts at the beginning of a line, then
 * words.
 */
function isVersion(text: string, start: number, end: number): boolean {
  const line = text.slice(Math.max(0, start - 12), start)
  const isHeading =
    /(?:^|[\r\n])[ \t#>*-]{0,11}$/.test(line) &&
    /^[1-9]\.(?:[12]?\d\.){2}[12]?\d$/.test(text.slice(start, end)) &&
    /^[.)]?\s+\p{L}/u.test(text.slice(end, end + 6))
  if (isHeading) return true
  return versionWords.test(text.slice(Math.max(0, start - 14), start).toLowerCase())
}

/**
 * `a::b` is an address to a parser and a namespace to a programmer: a compressed one must show
 * more.
 */
function isAddress(candidate: string): boolean {
  if (!isIPv6(candidate)) return false
  const groups = candidate.split(/[:.]/).filter((group) => group !== '')
  if (groups.length >= 4) return true
  if (!/\d/.test(candidate)) return false
  return (
    groups.length >= 3 ||
    /^(?:::ffff:|fe[89ab][0-9a-f]:|f[cd][0-9a-f]{2}:|[23][0-9a-f]{3}:)/i.test(candidate)
  )
}

/** MAC addresses (EUI-48) with colons, hyphens or in Cisco's dotted form. */
export function findMacAddresses({ text }: View): Finding[] {
  const found: Finding[] = []
  for (const match of text.matchAll(mac)) {
    const end = match.index + match[0].length
    const telling = match[1] === ':' || /[a-f]/i.test(match[0])
    const supported = telling || supportedBy(macWords, surroundings(text, match.index, end))
    const score = telling ? 0.95 : supported ? 0.8 : 0.3
    if (score < acceptScore) continue
    found.push({ kind: 'MAC_ADDRESS', start: match.index, end, score, rule: 'mac.eui48' })
  }
  return found
}
