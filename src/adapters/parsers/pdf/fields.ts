import { limits } from '#kernel'
import { cleanText } from '../builder.ts'
import type { Fragment } from './fragments.ts'
import type { PdfDocument } from './open.ts'

/** A filled form field: what stands in it and where, in PDF user space. */
export interface FilledField {
  text: string
  rect: readonly [number, number, number, number]
}

interface FieldObject {
  type?: string
  value?: unknown
  rect?: number[]
  page?: number
  exportValues?: unknown
}

/**
 * What people wrote into a form (ISO 32000-2, 12.7) is no part of the page's text: it is read from the fields.
 * By page, from 0. A damaged form is no fault of the document.
 */
export async function readFields(pdf: PdfDocument): Promise<Map<number, FilledField[]>> {
  const byPage = new Map<number, FilledField[]>()
  const objects = await pdf.getFieldObjects().catch(() => null)
  if (!objects) return byPage
  let count = 0
  // One release of the library gives a map, another an object.
  const lists = objects instanceof Map ? [...objects.values()] : Object.values(objects)
  for (const field of lists.flat() as FieldObject[]) {
    const text = textOfField(field)
    const { page, rect } = field
    if (text === '' || page === undefined || page < 0 || rect?.length !== 4) continue
    if (++count > limits.parserBlocks) break
    const filled = { text, rect: rect as unknown as FilledField['rect'] }
    const list = byPage.get(page)
    if (list) list.push(filled)
    else byPage.set(page, [filled])
  }
  return byPage
}

function textOfField({ type, value, exportValues }: FieldObject): string {
  if (type === 'checkbox' || type === 'radiobutton') {
    const on = typeof value === 'string' && value !== 'Off' && value !== ''
    return on && (type === 'checkbox' || value === exportValues) ? '[x]' : ''
  }
  if (type === 'signature' || type === 'button') return ''
  const words = Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : ''
  return cleanText(words).replace(/\s+/g, ' ').trim()
}

const labelReach = 400

/** Puts each field's text behind its label: what stands left of it on its line, else at the page's end. */
export function withFields(
  fragments: Fragment[],
  fields: FilledField[],
  viewport: number[],
): Fragment[] {
  const merged = [...fragments]
  for (const field of fields) {
    const own = fragmentOf(field, viewport)
    let label = -1
    for (const [i, f] of merged.entries()) {
      const beside = f.baseline > own.top - 2 && f.top < own.baseline + 2
      const left = f.right <= own.x + f.size && own.x - f.right < labelReach
      if (
        !f.turned &&
        beside &&
        left &&
        (label < 0 || f.right >= (merged[label] as Fragment).right)
      ) {
        label = i
      }
    }
    if (label >= 0) {
      // On the label's line, so that both are read as one.
      const { baseline, size } = merged[label] as Fragment
      own.baseline = baseline
      own.size = size
    }
    merged.splice(label < 0 ? merged.length : label + 1, 0, own)
  }
  return merged
}

function fragmentOf({ text, rect }: FilledField, view: number[]): Fragment {
  const [va, vb, vc, vd, ve, vf] = view as [number, number, number, number, number, number]
  const at = (x: number, y: number) => [va * x + vc * y + ve, vb * x + vd * y + vf] as const
  const [ax, ay] = at(rect[0], rect[1])
  const [bx, by] = at(rect[2], rect[3])
  const top = Math.min(ay, by)
  const baseline = Math.max(ay, by) - 2
  const size = Math.min(12, Math.max(6, baseline - top))
  const place = { x: Math.min(ax, bx), right: Math.max(ax, bx), top, baseline, size }
  return { ...place, text, font: 'field', weight: text.length, turned: false, rtl: false }
}
