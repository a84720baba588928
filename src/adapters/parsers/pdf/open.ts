import { unparsable } from '../failures.ts'
import { loadPdfium, type Pdfium } from './pdfium.ts'

/** PDFium's reasons for not opening a file (fpdfview.h). */
const reasons: Record<number, string> = {
  2: 'it could not be read',
  3: 'its structure is broken beyond repair',
  6: 'a page is missing or broken',
}
const passwordNeeded = 4
const unknownSecurity = 5

/** An open PDF. Everything that it holds lies outside of the JavaScript heap: `close` gives it back. */
export class PdfDocument {
  readonly library: Pdfium
  readonly handle: number
  readonly pageCount: number
  private readonly bytes: number
  private current = 0
  private readonly releases: (() => void)[] = []

  constructor(library: Pdfium, handle: number, bytes: number) {
    this.library = library
    this.handle = handle
    this.bytes = bytes
    this.pageCount = library.call.FPDF_GetPageCount(handle)
  }

  /**
   * Loads a page (from 0), which lives until the next one is loaded: fonts that two pages have in common are read once,
   * and no more than two pages are in memory. Throws where the page is broken.
   */
  page(index: number): number {
    const { call } = this.library
    const page = call.FPDF_LoadPage(this.handle, index)
    if (this.current !== 0) call.FPDF_ClosePage(this.current)
    this.current = page
    if (page === 0) throw new Error('its description is missing or broken')
    return page
  }

  /** What else has to be given back, before the document is. */
  beforeClose(release: () => void): void {
    this.releases.push(release)
  }

  close(): void {
    const { call, broken } = this.library
    if (broken) return
    try {
      if (this.current !== 0) call.FPDF_ClosePage(this.current)
      for (const release of this.releases) release()
      call.FPDF_CloseDocument(this.handle)
      call.free(this.bytes)
    } catch {
      // What was read is right all the same; the instance is not to be used again.
      this.library.discard()
    }
  }
}

/**
 * Calls PDFium. After a trap or an overflow of the stack inside of it, its memory cannot be trusted any more: the
 * instance is given up with the document, and the next document gets another one.
 */
export function guarded<T>(library: Pdfium, where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error
    library.discard()
    throw unparsable(`The reader of PDFs failed here: ${error.message}.`, {
      where,
      remedy: 'Open it in a PDF program, save or print it as a new PDF, and send that.',
      cause: error,
    })
  }
}

/** Opens a PDF for reading its text. Throws UNPARSABLE for encrypted and damaged files. */
export async function openPdf(bytes: Uint8Array, name: string): Promise<PdfDocument> {
  const library = await loadPdfium()
  return guarded(library, name, () => open(library, bytes, name))
}

function open(library: Pdfium, bytes: Uint8Array, name: string): PdfDocument {
  const { call } = library
  const address = library.copyIn(bytes)
  if (address === 0) {
    throw unparsable('The PDF does not fit into the memory of its reader.', {
      where: name,
      remedy: 'Split the document.',
    })
  }
  const handle = call.FPDF_LoadMemDocument(address, bytes.byteLength, 0)
  if (handle === 0) {
    const reason = call.FPDF_GetLastError()
    call.free(address)
    throw openingError(reason, name)
  }
  const document = new PdfDocument(library, handle, address)
  if (document.pageCount > 0) return document
  document.close()
  throw openingError(6, name)
}

function openingError(reason: number, name: string): Error {
  if (reason === passwordNeeded) {
    return unparsable('The PDF is encrypted and needs a password.', {
      where: name,
      remedy: 'Remove the password in a PDF program and send it again.',
    })
  }
  if (reason === unknownSecurity) {
    return unparsable('The PDF is encrypted in a way that is not known here.', {
      where: name,
      remedy: 'Remove the protection in a PDF program and send it again.',
    })
  }
  return unparsable(`The PDF is damaged: ${reasons[reason] ?? `reason ${reason} of its reader`}.`, {
    where: name,
    remedy: 'Open it in a PDF program, save or print it as a new PDF, and send that.',
  })
}
