import { fileURLToPath } from 'node:url'
import { unparsable } from '../failures.ts'

type PdfJs = typeof import('pdfjs-dist/legacy/build/pdf.mjs')
export type PdfDocument = Awaited<ReturnType<PdfJs['getDocument']>['promise']>

let loading: Promise<PdfJs> | undefined

/** pdf.js with its worker in this thread: parsing happens in a child process already. */
async function loadPdfJs(): Promise<PdfJs> {
  // A page's streams are small: pdf.js unpacks them itself in less time than a stream of the platform takes to begin
  // (measured: 11 % less processor time a page). Nothing else in a parser process uses one.
  Reflect.deleteProperty(globalThis, 'DecompressionStream')
  // The minified builds load three times as fast; they have no types of their own.
  const worker = await import('pdfjs-dist/legacy/build/pdf.worker.min.mjs' as string)
  Object.assign(globalThis, { pdfjsWorker: worker })
  return (await import('pdfjs-dist/legacy/build/pdf.min.mjs' as string)) as PdfJs
}

/** Character maps (Chinese, Japanese, Korean) and standard fonts ship with the package. */
function resource(folder: string): string {
  const library = import.meta.resolve('pdfjs-dist/legacy/build/pdf.mjs')
  return fileURLToPath(new URL(`../../${folder}/`, library))
}

/** Opens a PDF for reading its text. Throws UNPARSABLE for encrypted and damaged files. */
export async function openPdf(bytes: Uint8Array, name: string): Promise<PdfDocument> {
  loading ??= loadPdfJs()
  const pdfjs = await loading
  // pdf.js takes the buffer over; a view into a larger one must be copied first.
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  const data = whole && !Buffer.isBuffer(bytes) ? bytes : new Uint8Array(bytes)
  const task = pdfjs.getDocument({
    data,
    cMapUrl: resource('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: resource('standard_fonts'),
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
    verbosity: 0,
  })
  try {
    return await task.promise
  } catch (error) {
    await task.destroy().catch(() => undefined)
    throw openingError(error, name)
  }
}

function openingError(error: unknown, name: string): Error {
  const kind = error instanceof Error ? error.name : ''
  if (kind === 'PasswordException') {
    return unparsable('The PDF is encrypted and needs a password.', {
      where: name,
      remedy: 'Remove the password in a PDF program and send it again.',
      cause: error,
    })
  }
  const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
  return unparsable(`The PDF is damaged: ${reason}.`, {
    where: name,
    remedy: 'Open it in a PDF program, save or print it as a new PDF, and send that.',
    cause: error,
  })
}
