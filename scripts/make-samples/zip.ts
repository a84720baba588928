import { strFromU8, strToU8, unzipSync, type Zippable, zipSync } from 'fflate'

const fixedDate = '2026-03-20T09:00:00Z'

/**
 * Packs an Office file again so that the same content gives the same bytes: entries in name order
 * (the content types first, as the standard recommends), one date on all of them, and in the core
 * properties.
 */
export function withFixedDates(file: Uint8Array): Uint8Array {
  const entries = Object.entries(unzipSync(file)).filter(([name]) => !name.endsWith('/'))
  entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const packed: Zippable = {}
  for (const [name, bytes] of entries) {
    const content = name === 'docProps/core.xml' ? strToU8(fixCore(strFromU8(bytes))) : bytes
    // Written and read in local time, so the zone of the machine does not matter.
    packed[name] = [content, { mtime: new Date(2026, 2, 20, 9, 0, 0), level: 9 }]
  }
  return zipSync(packed)
}

function rank(name: string): number {
  return name === '[Content_Types].xml' ? 0 : 1
}

function fixCore(xml: string): string {
  return xml.replace(/(<dcterms:(?:created|modified)[^>]*>)[^<]*</g, `$1${fixedDate}<`)
}
