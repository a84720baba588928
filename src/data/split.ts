import { estimateTokens } from './tokens.ts'

/** A stretch of text that a chunk takes whole. */
export interface Piece {
  start: number
  end: number
  tokens: number
  kind: 'text' | 'table' | 'code'
  page?: number
  pageEnd?: number
  heading?: { level: number; text: string }
  /** Number of the table, its rows, and how many of them are its header. */
  table?: number
  rows?: { start: number; end: number }[]
  headerRows?: number
  /** Part of a longer table or code block: stands alone. */
  continued?: boolean
  /** Where the header of the table stands that these rows belong to. */
  header?: { start: number; end: number }
}

interface Size {
  tokens: number
  tokensMax: number
}

interface Span {
  start: number
  end: number
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

/** The piece itself, or where it is longer than `tokensMax` the parts it is cut into. */
export function splitPiece(text: string, piece: Piece, size: Size): Piece[] {
  if (piece.tokens <= size.tokensMax) return [piece]
  if (piece.kind === 'table') return splitTable(text, piece, size)
  if (piece.kind === 'code') {
    const parts = pack(text, linesOf(text, piece), size)
    return parts.map((part) => ({ ...part, kind: 'code', continued: true, ...pages(piece) }))
  }
  const parts = pack(text, sentencesOf(text, piece), size)
  return parts.map((part, i) => ({
    ...part,
    kind: 'text',
    ...pages(piece),
    ...(i === 0 && piece.heading !== undefined ? { heading: piece.heading } : {}),
  }))
}

function splitTable(text: string, piece: Piece, size: Size): Piece[] {
  const rows = piece.rows ?? [piece]
  const headerRows = piece.headerRows ?? 0
  const header =
    headerRows === 0 ? undefined : { start: rows[0]!.start, end: rows[headerRows - 1]!.end }
  // A row is cut only where it is longer than a chunk may be, and the header stays with the first
  // row.
  const spans = rows.map(({ start, end }) => ({ start, end }))
  if (header !== undefined && spans.length > headerRows) {
    spans.splice(0, headerRows + 1, { start: header.start, end: rows[headerRows]!.end })
  }
  return pack(text, spans, size).map((part, i) => ({
    ...part,
    kind: 'table',
    continued: true,
    ...pages(piece),
    ...(i > 0 && header !== undefined ? { header } : {}),
  }))
}

function pages({ page, pageEnd }: Piece): Pick<Piece, 'page' | 'pageEnd'> {
  return {
    ...(page === undefined ? {} : { page }),
    ...(pageEnd === undefined ? {} : { pageEnd }),
  }
}

/** Joins spans up to about `tokens`; a span over `tokensMax` is cut between words. */
function pack(text: string, spans: Iterable<Span>, size: Size): (Span & { tokens: number })[] {
  const parts: (Span & { tokens: number })[] = []
  for (const span of withinCap(text, spans, size.tokensMax)) {
    const last = parts[parts.length - 1]
    const together = last === undefined ? 0 : estimateTokens(text, last.start, span.end)
    if (last !== undefined && together <= size.tokens) {
      last.end = span.end
      last.tokens = together
    } else parts.push({ ...span, tokens: estimateTokens(text, span.start, span.end) })
  }
  return parts
}

function* withinCap(text: string, spans: Iterable<Span>, tokensMax: number): Generator<Span> {
  for (const span of spans) {
    let { start } = span
    const { end } = span
    while (start < end) {
      const cut = cutAt(text, start, { end, tokensMax })
      let stop = cut
      while (stop > start && /\s/.test(text[stop - 1]!)) stop--
      if (stop > start) yield { start, end: stop }
      start = cut
      while (start < end && /\s/.test(text[start]!)) start++
    }
  }
}

/**
 * The furthest place at which a part from `start` on stays within the cap, after a word if
 * possible.
 */
function cutAt(
  text: string,
  start: number,
  { end, tokensMax }: { end: number; tokensMax: number },
) {
  // No token is longer than this many characters for long.
  let stop = Math.min(end, start + tokensMax * 16)
  for (;;) {
    const tokens = estimateTokens(text, start, stop)
    if (tokens <= tokensMax) break
    stop = start + Math.max(1, Math.floor(((stop - start) * tokensMax * 0.97) / tokens))
  }
  if (stop === end) return end
  for (let at = stop; at > start + (stop - start) / 2; at--) {
    if (/[\s,;|。、，；)]/.test(text[at - 1]!)) return at
  }
  // Never between the halves of a character or before a mark that belongs to it.
  while (stop > start + 1 && /[\p{M}\uDC00-\uDFFF]/u.test(text[stop]!)) stop--
  return isLow(text.charCodeAt(stop)) ? stop + 1 : stop
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

function* sentencesOf(text: string, { start, end }: Span): Generator<Span> {
  for (const { index, segment } of sentences.segment(text.slice(start, end))) {
    const from = start + index + (segment.length - segment.trimStart().length)
    const to = start + index + segment.trimEnd().length
    if (from < to) yield { start: from, end: to }
  }
}

function* linesOf(text: string, { start, end }: Span): Generator<Span> {
  let at = start
  while (at < end) {
    const newline = text.indexOf('\n', at)
    const stop = newline < 0 || newline > end ? end : newline
    let to = stop
    while (to > at && /\s/.test(text[to - 1]!)) to--
    if (to > at) yield { start: at, end: to }
    at = stop + 1
  }
}
