import type { Span } from '@plinth/sdk'

/** A span as a line of the waterfall. */
export interface Line {
  key: string
  span: Span
  depth: number
  /** Share of the whole, 0 to 1. */
  left: number
  width: number
}

const deepest = 16

/** Spans in the order in which they began, children under their parent. */
export function linesOf(spans: Span[], totalMs: number): Line[] {
  const lines: Line[] = []
  const end = Math.max(
    totalMs,
    ...spans.map(({ startMs, durationMs }) => startMs + durationMs),
    0.001,
  )
  const walk = (level: Span[], depth: number, path: string) => {
    const ordered = [...level].sort((a, b) => a.startMs - b.startMs)
    ordered.forEach((span, at) => {
      const key = `${path}/${at}`
      const left = Math.min(1, span.startMs / end)
      const width = Math.min(1 - left, span.durationMs / end)
      lines.push({ key, span, depth, left, width })
      if (depth < deepest) walk(span.children, depth + 1, key)
    })
  }
  walk(spans, 0, '')
  return lines
}
