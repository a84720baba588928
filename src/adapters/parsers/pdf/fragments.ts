import { cleanText } from '../builder.ts'

/** A piece of text in one style, on one line, in PDF user space. */
export interface TextItem {
  str: string
  transform: number[]
  width: number
  height: number
  fontName: string
  hasEOL: boolean
  dir: string
}

export interface PageText {
  items: TextItem[]
  /** Ascent of each font, as a part of its size. */
  ascents: ReadonlyMap<string, number>
  /** Maps PDF user space to points from the top left of the page as it is shown. */
  viewport: number[]
}

/** Text on one baseline without a wide gap. Positions are points from the top left. */
export interface Fragment {
  text: string
  x: number
  right: number
  top: number
  baseline: number
  size: number
  font: string
  /** Characters of the piece that size, baseline and font are of: the longest. */
  weight: number
  /** Not horizontal: a stamp at the margin, an axis label. */
  turned: boolean
  rtl: boolean
}

/** A gap of more than this many ems between words is not a space: a column or a tab. */
const columnGapEms = 1.2

/**
 * Joins items to fragments in the order in which they are drawn, which is the reading order in
 * nearly all files.
 */
export function fragmentsOf({ items, ascents, viewport }: PageText): Fragment[] {
  const fragments: Fragment[] = []
  let current: Fragment | undefined
  let ended = false
  for (const item of items) {
    if (item.str.trim() === '') {
      // A space of its own: kept inside a fragment when it is no wider than a space.
      if (current && item.str !== '' && !ended) current.text += ' '
      ended ||= item.hasEOL
      continue
    }
    const placed = place(item, ascents, viewport)
    // Damaged files give places that are no numbers.
    if (!Number.isFinite(placed.x + placed.right + placed.top + placed.size)) continue
    if (current && !(ended && !sameLine(current, placed)) && joins(current, placed)) {
      append(current, placed)
    } else {
      if (current) fragments.push(current)
      current = placed
    }
    ended = item.hasEOL
  }
  if (current) fragments.push(current)
  const kept: Fragment[] = []
  for (const fragment of fragments) {
    fragment.text = fragment.text.replace(/\s+/g, ' ').trim()
    if (fragment.rtl) fragment.text = numbersFirst(fragment.text)
    if (fragment.text !== '') kept.push(fragment)
  }
  return kept
}

/**
 * Within text from right to left, PDFium leaves a number together with the signs beside it in the order in which they
 * are seen: what stands left of the number is read after it.
 */
function numbersFirst(text: string): string {
  return text.replace(/(^|\s)([-\u2013\u060c\u061b:.%\u066a/]+)(\d[\d.,/:-]*)(?=\s|$)/g, '$1$3$2')
}

function place(item: TextItem, ascents: ReadonlyMap<string, number>, view: number[]): Fragment {
  const [a, b, c, d, e, f] = item.transform as [number, number, number, number, number, number]
  const [va, vb, vc, vd, ve, vf] = view as [number, number, number, number, number, number]
  const x = va * e + vc * f + ve
  const baseline = vb * e + vd * f + vf
  const directionX = va * a + vc * b
  const directionY = vb * a + vd * b
  const size = Math.hypot(c, d) || Math.hypot(a, b) || item.height || 1
  const turned = Math.abs(directionY) > Math.abs(directionX) * 0.1
  const ascent = ascents.get(item.fontName) ?? 0.8
  if (!turned) {
    const width = Math.max(0, item.width)
    const upsideDown = directionX < 0
    const foot = upsideDown ? baseline + size * ascent : baseline
    return {
      text: cleanText(item.str),
      x: upsideDown ? x - width : x,
      right: upsideDown ? x : x + width,
      top: foot - size * ascent,
      baseline: foot,
      size,
      font: item.fontName,
      weight: item.str.length,
      turned,
      rtl: item.dir === 'rtl',
    }
  }
  const length = Math.hypot(directionX, directionY) || 1
  const endX = x + (directionX / length) * Math.max(0, item.width)
  const endY = baseline + (directionY / length) * Math.max(0, item.width)
  return {
    text: cleanText(item.str),
    x: Math.min(x, endX) - size * 0.5,
    right: Math.max(x, endX) + size * 0.5,
    top: Math.min(baseline, endY),
    baseline: Math.max(baseline, endY),
    size,
    font: item.fontName,
    weight: item.str.length,
    turned,
    rtl: false,
  }
}

function sameLine(a: Fragment, b: Fragment): boolean {
  return Math.abs(a.baseline - b.baseline) < Math.min(a.size, b.size) * 0.3
}

function joins(a: Fragment, b: Fragment): boolean {
  if (a.turned || b.turned) return a.turned && b.turned && Math.abs(a.x - b.x) < a.size * 0.5
  const size = Math.max(a.size, b.size)
  // Super- and subscripts leave the baseline by up to half the larger size.
  if (Math.abs(a.baseline - b.baseline) > size * 0.5) return false
  const small = Math.min(a.size, b.size) < size * 0.85
  if (!small && !sameLine(a, b)) return false
  const gap = a.rtl || b.rtl ? Math.max(b.x - a.right, a.x - b.right) : b.x - a.right
  return gap < size * columnGapEms && gap > -size * (a.rtl || b.rtl ? 1_000 : 2)
}

function append(a: Fragment, b: Fragment): void {
  const gap = Math.max(b.x - a.right, a.x - b.right)
  const spaced = a.text.endsWith(' ') || b.text.startsWith(' ') || gap < a.size * 0.22
  a.text += a.turned || spaced ? b.text : ` ${b.text}`
  const foot = Math.max(a.baseline, b.baseline)
  if (b.weight > a.weight) {
    a.weight = b.weight
    a.size = b.size
    a.baseline = b.baseline
    a.font = b.font
  }
  a.rtl ||= b.rtl
  a.x = Math.min(a.x, b.x)
  a.right = Math.max(a.right, b.right)
  a.top = Math.min(a.top, b.top)
  if (a.turned) a.baseline = foot
}
