export interface RawPdf {
  /** The page's content stream. */
  content: string
  /** Further entries of the page, `/Rotate 90`. */
  page?: string
  /** The font F1 as objects from number 5 on; Helvetica where nothing is said. */
  font?: string[]
}

const helvetica = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'

/** A PDF of one page, 595 by 842 points, written object by object: for what no library writes. */
export function rawPdf({ content, page = '', font = [helvetica] }: RawPdf): Uint8Array {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] ${page} /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>`,
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    ...font,
  ]
  let file = '%PDF-1.4\n'
  const offsets = objects.map((object, i) => {
    const at = file.length
    file += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(at).padStart(10, '0')} 00000 n \n`
  })
  const table = `0000000000 65535 f \n${offsets.join('')}`
  const count = objects.length + 1
  const trailer = `trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`
  return new Uint8Array(Buffer.from(`${file}xref\n0 ${count}\n${table}${trailer}`, 'latin1'))
}

/** A font that is named only, not embedded, in a character map of Chinese, Japanese or Korean (ISO 32000-2, 9.7.5.2). */
export function eastAsianFont(map: string, ordering: string): string[] {
  const system = `<< /Registry (Adobe) /Ordering (${ordering}) /Supplement 2 >>`
  const box = '/FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 880 /Descent -120'
  return [
    `<< /Type /Font /Subtype /Type0 /BaseFont /Named /Encoding /${map} /DescendantFonts [6 0 R] >>`,
    `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Named /CIDSystemInfo ${system} /DW 1000 /FontDescriptor 7 0 R >>`,
    `<< /Type /FontDescriptor /FontName /Named /Flags 4 ${box} /CapHeight 700 /StemV 80 >>`,
  ]
}
