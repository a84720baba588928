import { limits } from '#kernel'
import { cleanText } from '../builder.ts'
import type { Fragment } from './fragments.ts'
import type { PdfDocument } from './open.ts'
import type { Pdfium } from './pdfium.ts'

/** A filled form field: what stands in it and where, in PDF user space. */
export interface FilledField {
  text: string
  rect: readonly [number, number, number, number]
}

const widget = 20
const none = 0
const checkBox = 2
const radioButton = 3
const listBox = 5
const text = 6
const comboBox = 4
const mostOptions = 1_000

/**
 * What people wrote into a form (ISO 32000-2, 12.7) is no part of the page's text: it is read from the fields.
 */
export class Form {
  private readonly library: Pdfium
  private readonly handle: number
  private count = 0

  private constructor(library: Pdfium, handle: number) {
    this.library = library
    this.handle = handle
  }

  /** Undefined where the file has no form, or a damaged one, which is no fault of the document. */
  static open(pdf: PdfDocument): Form | undefined {
    const { library, handle } = pdf
    const { call } = library
    if (call.FPDF_GetFormType(handle) === none) return undefined
    const info = call.PDFiumExt_OpenFormFillInfo()
    const form = call.PDFiumExt_InitFormFillEnvironment(handle, info)
    pdf.beforeClose(() => {
      if (form !== 0) call.PDFiumExt_ExitFormFillEnvironment(form)
      call.PDFiumExt_CloseFormFillInfo(info)
    })
    return form === 0 ? undefined : new Form(library, form)
  }

  /** The filled fields of a page. */
  read(page: number): FilledField[] {
    const { call } = this.library
    const fields: FilledField[] = []
    const annotations = call.FPDFPage_GetAnnotCount(page)
    for (let i = 0; i < annotations && this.count < limits.parserBlocks; i++) {
      const annotation = call.FPDFPage_GetAnnot(page, i)
      if (annotation === 0) continue
      const field = call.FPDFAnnot_GetSubtype(annotation) === widget && this.field(annotation)
      if (field) {
        fields.push(field)
        this.count++
      }
      call.FPDFPage_CloseAnnot(annotation)
    }
    return fields
  }

  private field(annotation: number): FilledField | undefined {
    const { library } = this
    const words = cleanText(this.textOf(annotation)).replace(/\s+/g, ' ').trim()
    if (words === '' || !library.call.FPDFAnnot_GetRect(annotation, library.scratch))
      return undefined
    // Left, top, right, bottom.
    const rect = library.floats(4) as [number, number, number, number]
    return { text: words, rect }
  }

  private textOf(annotation: number): string {
    const { library, handle } = this
    const { call } = library
    const type = call.FPDFAnnot_GetFormFieldType(handle, annotation)
    if (type === checkBox || type === radioButton) {
      const state = library.text((buffer, bytes) =>
        call.FPDFAnnot_GetStringValue(annotation, library.name('AS'), buffer, bytes),
      )
      return state === '' || state === 'Off' ? '' : '[x]'
    }
    if (type === listBox) return this.chosen(annotation).join(', ')
    if (type !== text && type !== comboBox) return ''
    return library.text((buffer, bytes) =>
      call.FPDFAnnot_GetFormFieldValue(handle, annotation, buffer, bytes),
    )
  }

  /** What is chosen in a list, of which several entries may be. */
  private chosen(annotation: number): string[] {
    const { library, handle } = this
    const { call } = library
    const count = Math.min(mostOptions, call.FPDFAnnot_GetOptionCount(handle, annotation))
    const labels: string[] = []
    for (let i = 0; i < count; i++) {
      if (!call.FPDFAnnot_IsOptionSelected(handle, annotation, i)) continue
      labels.push(
        library.text((buffer, bytes) =>
          call.FPDFAnnot_GetOptionLabel(handle, annotation, i, buffer, bytes),
        ),
      )
    }
    return labels
  }
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
