import type { PDFDocumentProxy } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'

/**
 * Opens a PDF in pdf.js' own worker. Everything it loads comes from this server; scripts and forms in the file are not
 * run, and what needs WebAssembly falls back to plain code where the policy forbids it.
 */
export async function openPdf(bytes: ArrayBuffer): Promise<PDFDocumentProxy> {
  const { GlobalWorkerOptions, getDocument } = await import('pdfjs-dist')
  GlobalWorkerOptions.workerSrc = workerUrl
  const loading = getDocument({
    data: new Uint8Array(bytes),
    cMapUrl: '/pdf/cmaps/',
    cMapPacked: true,
    standardFontDataUrl: '/pdf/standard_fonts/',
    // The system's stand-in for a font that is not embedded has other widths: letters would overlap.
    useSystemFonts: false,
    wasmUrl: '/pdf/wasm/',
    iccUrl: '/pdf/iccs/',
    enableXfa: false,
  })
  return loading.promise
}
