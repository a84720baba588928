import type { Finding } from './finding.ts'
import { literalKind } from './kinds.ts'
import { resolveOverlaps } from './overlap.ts'
import { type Mint, placeholderPattern } from './placeholder.ts'

/**
 * One replaced stretch. `start` and `end` count in the original, the masked ones in the masked
 * text.
 */
export interface Replacement {
  kind: string
  placeholder: string
  value: string
  start: number
  end: number
  maskedStart: number
  maskedEnd: number
}

export interface Masked {
  text: string
  /** In text order, not overlapping. */
  replacements: Replacement[]
}

export interface MaskOptions {
  /**
   * What happens to placeholders that already stand in the text. `escape` (default) treats them as plain text that
   * must come back as it was; `keep` is for text from the same scope, such as a model's answer.
   */
  existing?: 'escape' | 'keep'
}

/**
 * The text with each finding replaced by its placeholder. What looks like a placeholder already
 * gets one of
 * its own (`<LITERAL_1>`), so that `unmask(mask(x)) = x` for every text.
 */
export function mask(
  text: string,
  findings: readonly Finding[],
  mint: Mint,
  options: MaskOptions = {},
): Masked {
  const replacements: Replacement[] = []
  const parts: string[] = []
  let done = 0
  let length = 0
  for (const { kind, start, end } of toReplace(text, findings, options.existing ?? 'escape')) {
    const value = text.slice(start, end)
    const placeholder = mint(kind, value)
    parts.push(text.slice(done, start), placeholder)
    const maskedStart = length + start - done
    length = maskedStart + placeholder.length
    done = end
    replacements.push({ kind, placeholder, value, start, end, maskedStart, maskedEnd: length })
  }
  parts.push(text.slice(done))
  return { text: parts.join(''), replacements }
}

interface Stretch {
  kind: string
  start: number
  end: number
}

/**
 * Findings and placeholder look-alikes in text order. A look-alike that a finding tears apart is
 * none any more.
 */
function toReplace(
  text: string,
  findings: readonly Finding[],
  existing: 'escape' | 'keep',
): Stretch[] {
  const inside = findings.filter((f) => f.start >= 0 && f.end <= text.length)
  const stretches: Stretch[] = resolveOverlaps(inside)
  const literals = [...text.matchAll(placeholderPattern)].map((match) => ({
    kind: literalKind,
    start: match.index,
    end: match.index + match[0].length,
  }))
  if (literals.length === 0) return stretches
  if (existing === 'keep') return stretches.filter((s) => !overlapsAny(literals, s))
  const whole = literals.filter((literal) => !overlapsAny(stretches, literal))
  return [...stretches, ...whole].sort((a, b) => a.start - b.start)
}

/** Whether a stretch overlaps one of a sorted list. */
function overlapsAny(sorted: readonly Stretch[], { start, end }: Stretch): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.end <= start) low = middle + 1
    else high = middle
  }
  return low < sorted.length && sorted[low]!.start < end
}

/** Which side an offset inside a replaced stretch goes to. */
export type Side = 'start' | 'end'

/**
 * Where an offset of the original text is in the masked one. Inside a replaced stretch it goes to the placeholder's
 * start or end.
 */
export function mapOffset(
  replacements: readonly Replacement[],
  originalOffset: number,
  side: Side = 'start',
): number {
  const r = lastBefore(replacements, originalOffset, 'start')
  if (!r) return originalOffset
  if (originalOffset >= r.end) return originalOffset - r.end + r.maskedEnd
  return side === 'start' ? r.maskedStart : r.maskedEnd
}

/**
 * Where an offset of the masked text is in the original; inside a placeholder it goes to the
 * value's start or end.
 */
export function mapMaskedOffset(
  replacements: readonly Replacement[],
  maskedOffset: number,
  side: Side = 'start',
): number {
  const r = lastBefore(replacements, maskedOffset, 'maskedStart')
  if (!r) return maskedOffset
  if (maskedOffset >= r.maskedEnd) return maskedOffset - r.maskedEnd + r.end
  return side === 'start' ? r.start : r.end
}

/** The last replacement that begins before the offset. */
function lastBefore(
  replacements: readonly Replacement[],
  offset: number,
  field: 'start' | 'maskedStart',
): Replacement | undefined {
  let low = 0
  let high = replacements.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (replacements[middle]![field] < offset) low = middle + 1
    else high = middle
  }
  return replacements[low - 1]
}
