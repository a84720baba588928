import type { PdfDocument } from './open.ts'

/** A page as it is shown. */
export interface View {
  width: number
  height: number
  /** Maps PDF user space to points from the top left of the page as it is shown. */
  viewport: number[]
}

/** A4, for pages that do not say their size. */
const fallback = [0, 842, 595, 0]

/** The visible part of a page (its crop box within its media box), turned as the page says. */
export function viewOf({ library }: PdfDocument, page: number): View {
  const { call, scratch } = library
  const known = call.FPDF_GetPageBoundingBox(page, scratch) !== 0
  const [left = 0, top = 0, right = 0, bottom = 0] = known
    ? library.floats(4).map(thousandths)
    : fallback
  const width = right - left
  const height = top - bottom
  switch (call.FPDFPage_GetRotation(page)) {
    case 1:
      return { width: height, height: width, viewport: [0, 1, 1, 0, -bottom, -left] }
    case 2:
      return { width, height, viewport: [-1, 0, 0, 1, right, -bottom] }
    case 3:
      return { width: height, height: width, viewport: [0, -1, -1, 0, top, right] }
    default:
      return { width, height, viewport: [1, 0, 0, -1, -left, top] }
  }
}

/** Single precision makes 595.280029 of 595.28. */
function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
