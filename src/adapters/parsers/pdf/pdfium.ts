import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The functions of PDFium's C interface that are used here. Handles and addresses are numbers; 0 is none. */
interface Functions {
  malloc(bytes: number): number
  free(address: number): void
  FPDF_LoadMemDocument(bytes: number, length: number, password: number): number
  FPDF_CloseDocument(document: number): void
  FPDF_GetLastError(): number
  FPDF_GetPageCount(document: number): number
  FPDF_GetMetaText(document: number, tag: number, buffer: number, bytes: number): number
  EPDFCatalog_GetLanguage(document: number, buffer: number, bytes: number): number
  FPDFBookmark_GetFirstChild(document: number, bookmark: number): number
  FPDFBookmark_GetNextSibling(document: number, bookmark: number): number
  FPDFBookmark_GetTitle(bookmark: number, buffer: number, bytes: number): number
  FPDF_LoadPage(document: number, index: number): number
  FPDF_ClosePage(page: number): void
  FPDF_GetPageBoundingBox(page: number, rectangle: number): number
  FPDFPage_GetRotation(page: number): number
  FPDFText_LoadPage(page: number): number
  FPDFText_ClosePage(text: number): void
  FPDFText_CountChars(text: number): number
  FPDFText_GetUnicode(text: number, index: number): number
  FPDFText_IsGenerated(text: number, index: number): number
  FPDFText_IsHyphen(text: number, index: number): number
  FPDFText_GetTextObject(text: number, index: number): number
  FPDFText_GetFontSize(text: number, index: number): number
  FPDFText_GetMatrix(text: number, index: number, matrix: number): number
  FPDFText_GetCharOrigin(text: number, index: number, x: number, y: number): number
  FPDFText_GetLooseCharBox(text: number, index: number, rectangle: number): number
  FPDFText_GetCharBox(
    text: number,
    index: number,
    left: number,
    right: number,
    bottom: number,
    top: number,
  ): number
  FPDFTextObj_GetFont(object: number): number
  FPDFFont_GetAscent(font: number, size: number, ascent: number): number
  FPDFFont_GetBaseFontName(font: number, buffer: number, bytes: number): number
  FPDFFont_GetWeight(font: number): number
  FPDF_GetFormType(document: number): number
  PDFiumExt_OpenFormFillInfo(): number
  PDFiumExt_CloseFormFillInfo(info: number): void
  PDFiumExt_InitFormFillEnvironment(document: number, info: number): number
  PDFiumExt_ExitFormFillEnvironment(form: number): void
  FPDFPage_GetAnnotCount(page: number): number
  FPDFPage_GetAnnot(page: number, index: number): number
  FPDFPage_CloseAnnot(annotation: number): void
  FPDFAnnot_GetSubtype(annotation: number): number
  FPDFAnnot_GetRect(annotation: number, rectangle: number): number
  FPDFAnnot_GetFormFieldType(form: number, annotation: number): number
  FPDFAnnot_GetFormFieldValue(
    form: number,
    annotation: number,
    buffer: number,
    bytes: number,
  ): number
  FPDFAnnot_GetStringValue(annotation: number, key: number, buffer: number, bytes: number): number
  FPDFAnnot_GetOptionCount(form: number, annotation: number): number
  FPDFAnnot_IsOptionSelected(form: number, annotation: number, index: number): number
  FPDFAnnot_GetOptionLabel(
    form: number,
    annotation: number,
    index: number,
    buffer: number,
    bytes: number,
  ): number
}

/** Room for the small results that functions write to an address. */
const scratchBytes = 1_024
const longestString = 1_048_576

/** PDFium in WebAssembly: its functions, and its memory, which moves when it grows. */
export class Pdfium {
  readonly call: Functions
  readonly scratch: number
  /** Given up: nothing of it may be called any more. */
  broken = false
  private readonly memory: WebAssembly.Memory
  private seen: DataView

  constructor(exports: Functions & { memory: WebAssembly.Memory }) {
    this.call = exports
    this.memory = exports.memory
    this.seen = new DataView(exports.memory.buffer)
    this.scratch = exports.malloc(scratchBytes)
  }

  /** Gives the instance up; the next document gets another one. */
  discard(): void {
    this.broken = true
    loading = undefined
  }

  /** Memory as it is now; not to be kept over a call. */
  get view(): DataView {
    if (this.seen.buffer !== this.memory.buffer) this.seen = new DataView(this.memory.buffer)
    return this.seen
  }

  /** Single-precision numbers that a function has written to the scratch address. */
  floats(count: number): number[] {
    const { view } = this
    return Array.from({ length: count }, (_, i) => view.getFloat32(this.scratch + i * 4, true))
  }

  /** Copies bytes in; the caller frees them. 0 where there is no memory for them. */
  copyIn(bytes: Uint8Array): number {
    const address = this.call.malloc(bytes.byteLength)
    if (address !== 0) new Uint8Array(this.memory.buffer, address, bytes.byteLength).set(bytes)
    return address
  }

  /**
   * A string by one of the functions that say how many bytes they have and fill the buffer where it is large enough.
   */
  text(
    read: (buffer: number, bytes: number) => number,
    encoding: 'utf-16le' | 'latin1' = 'utf-16le',
  ): string {
    let buffer = this.scratch
    let length = read(buffer, scratchBytes)
    if (length > longestString) return ''
    if (length > scratchBytes) {
      buffer = this.call.malloc(length)
      if (buffer === 0) return ''
      length = read(buffer, length)
    }
    const bytes = Buffer.from(this.memory.buffer, buffer, Math.max(0, length)).toString(encoding)
    if (buffer !== this.scratch) this.call.free(buffer)
    return bytes.replace(/\0+$/, '')
  }

  /** A string for a function that takes one: bytes up to a zero, good until the next use of the scratch. */
  name(ascii: string): number {
    const at = this.scratch + scratchBytes - ascii.length - 1
    const bytes = new Uint8Array(this.memory.buffer, at, ascii.length + 1)
    bytes.set(Buffer.from(`${ascii}\0`, 'latin1'))
    return at
  }
}

let loading: Promise<Pdfium> | undefined

/** One instance serves all documents of a process, one after the other. */
export function loadPdfium(): Promise<Pdfium> {
  loading ??= instantiate()
  return loading
}

async function instantiate(): Promise<Pdfium> {
  const { init } = await import('@embedpdf/pdfium')
  const file = fileURLToPath(import.meta.resolve('@embedpdf/pdfium/pdfium.wasm'))
  const bytes = await readFile(file)
  // A buffer of its own, as the type asks for.
  const wasmBinary = new Uint8Array(bytes).buffer
  const module = await init({ wasmBinary })
  module.PDFiumExt_Init()
  // The bare functions: the library's own wrappers check their arguments at every call.
  return new Pdfium(module.pdfium.wasmExports as never)
}
