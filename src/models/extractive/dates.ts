import type { Passage } from '#ports'

const months: Record<string, number> = {
  jan: 1,
  feb: 2,
  mar: 3,
  mär: 3,
  apr: 4,
  may: 5,
  mai: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  sep: 9,
  oct: 10,
  okt: 10,
  nov: 11,
  dec: 12,
  dez: 12,
}
const effective =
  /\b(?:effective|in force|valid|applies|applicable|version|revised|updated|supersedes|dated|as (?:of|from)|gültig (?:ab|seit)|in kraft|stand|fassung)\b|生效|施行|版本|修订/iu
const dated =
  /\b(\d{4})-(\d{2})(?:-(\d{2}))?\b|\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b|\b(\d{1,2})\.? (\p{L}{3,9})\.? (\d{4})\b|\b(\p{L}{3,9})\.? (\d{1,2}), (\d{4})\b|(\d{4})年(?:(\d{1,2})月)?(?:(\d{1,2})日)?|\b((?:19|20)\d{2})\b/gu

/** The latest date that a text writes, as YYYYMMDD; 0 where it writes none. */
export function latestDate(text: string): number {
  let latest = 0
  let tries = 0
  for (const m of text.matchAll(dated)) {
    if (++tries > 50) break
    const value = m[1]
      ? ymd(m[1], m[2], m[3])
      : m[6]
        ? ymd(m[6], m[5], m[4])
        : m[9]
          ? ymd(m[9], monthOf(m[8]!), m[7])
          : m[12]
            ? ymd(m[12], monthOf(m[10]!), m[11])
            : m[13]
              ? ymd(m[13], m[14], m[15])
              : ymd(m[16]!, undefined, undefined)
    if (value > latest) latest = value
  }
  return latest
}

function monthOf(name: string): string | undefined {
  const month = months[name.slice(0, 3).toLowerCase()]
  return month === undefined ? undefined : String(month)
}

function ymd(year: string, month: string | undefined, day: string | undefined): number {
  const value = Number(year) * 10_000 + Number(month ?? 0) * 100 + Number(day ?? 0)
  return Number(year) >= 1900 && Number(year) < 2200 ? value : 0
}

/**
 * When a passage's document took effect, as YYYYMMDD: a date in its title or headings, else one in a line that speaks
 * of taking effect, else the document's own (which may only be when a file was saved); 0 where nothing tells.
 */
export function passageDate(passage: Passage): number {
  const named = latestDate(`${passage.title} ${passage.headingPath.join(' ')}`)
  if (named > 0) return named
  for (const line of passage.text.split('\n', 20)) {
    if (effective.test(line)) {
      const found = latestDate(line)
      if (found > 0) return found
    }
  }
  return passage.date ? latestDate(passage.date) : 0
}

/** Documents of one series (an HR policy of 2024 and of 2026) share this key; empty where a title tells nothing. */
export function seriesOf(passage: Passage): string {
  return passage.title
    .toLowerCase()
    .replace(/\.[a-z]{2,5}$/, '')
    .replace(/\b(?:v|ver|version|rev|revision|stand|fassung|final|old|new|draft)\b/gu, '')
    .replace(/[\d\p{P}\s年月日版]+/gu, ' ')
    .trim()
}
