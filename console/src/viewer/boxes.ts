import type { TextBox } from '@plinth/sdk'
import { overlaps, type TextSpan } from './text-groups.ts'

/** In points from the page's top left. */
export interface PageBox {
  x: number
  y: number
  width: number
  height: number
}

/**
 * What to mark on a page for a span: its lines, the first and last narrowed to the part that the span covers. The share
 * of characters stands for the share of width, which is close enough to read by.
 */
export function boxesOnPage(boxes: TextBox[], page: number, span: TextSpan): PageBox[] {
  return boxes
    .filter((box) => box.page === page && overlaps(box, span))
    .map((box) => {
      const length = Math.max(1, box.end - box.start)
      const from = Math.max(0, span.start - box.start) / length
      const to = Math.min(length, span.end - box.start) / length
      const { y, height } = box
      return { x: box.x + box.width * from, y, width: box.width * (to - from), height }
    })
}

/** The first page with a line of the span. */
export function pageOf(boxes: TextBox[], span: TextSpan): number | undefined {
  return boxes.find((box) => overlaps(box, span))?.page
}
