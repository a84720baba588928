/** Names for what is not read, so that an error can say what a file looks like. */
interface Signature {
  title: string
  /** Latin-1 characters at the offset; `.` stands for any byte. */
  magic: string
  offset?: number
}

const signatures: readonly Signature[] = [
  { title: 'a PNG image', magic: '\x89PNG' },
  { title: 'a JPEG image', magic: '\xff\xd8\xff' },
  { title: 'a GIF image', magic: 'GIF8' },
  { title: 'a TIFF image', magic: 'II*\0' },
  { title: 'a TIFF image', magic: 'MM\0*' },
  { title: 'a WebP image', magic: 'RIFF....WEBP' },
  { title: 'a WAV recording', magic: 'RIFF....WAVE' },
  { title: 'an AVI film', magic: 'RIFF....AVI ' },
  { title: 'a HEIC or AVIF image', magic: 'ftyphei', offset: 4 },
  { title: 'a HEIC or AVIF image', magic: 'ftypavi', offset: 4 },
  { title: 'an MP4 or QuickTime film', magic: 'ftyp', offset: 4 },
  { title: 'an MP3 recording', magic: 'ID3' },
  { title: 'an Ogg recording', magic: 'OggS' },
  { title: 'a FLAC recording', magic: 'fLaC' },
  { title: 'a gzip archive', magic: '\x1f\x8b' },
  { title: 'a 7-Zip archive', magic: "7z\xbc\xaf'\x1c" },
  { title: 'a RAR archive', magic: 'Rar!' },
  { title: 'a bzip2 archive', magic: 'BZh' },
  { title: 'an xz archive', magic: '\xfd7zXZ' },
  { title: 'a Zstandard archive', magic: '\x28\xb5\x2f\xfd' },
  { title: 'a tar archive', magic: 'ustar', offset: 257 },
  { title: 'an ELF program', magic: '\x7fELF' },
  { title: 'a Windows program', magic: 'MZ' },
  { title: 'a WebAssembly module', magic: '\0asm' },
  { title: 'an SQLite database', magic: 'SQLite format 3' },
  { title: 'a Parquet file', magic: 'PAR1' },
  { title: 'an RTF document', magic: '{\\rtf' },
  { title: 'a PostScript document', magic: '%!PS' },
  { title: 'an Outlook data file (pst)', magic: '!BDN' },
]

/** `an ELF program` for bytes that begin like one. */
export function nameBySignature(bytes: Uint8Array): string | undefined {
  return signatures.find((s) => matches(bytes, s))?.title
}

function matches(bytes: Uint8Array, { magic, offset = 0 }: Signature): boolean {
  for (let i = 0; i < magic.length; i++) {
    if (magic[i] !== '.' && bytes[offset + i] !== magic.charCodeAt(i)) return false
  }
  return true
}

export function startsWith(bytes: Uint8Array, magic: string, offset = 0): boolean {
  return matches(bytes, { title: '', magic, offset })
}

/** OLE2 compound files: older Office formats, Outlook messages, and encrypted new ones. */
export function oleKind(bytes: Uint8Array): { title: string; encrypted: boolean } {
  if (hasStreamName(bytes, 'EncryptedPackage')) {
    return { title: 'a password-protected Office document', encrypted: true }
  }
  if (hasStreamName(bytes, 'WordDocument'))
    return { title: 'an old Word document (doc)', encrypted: false }
  if (hasStreamName(bytes, 'Workbook'))
    return { title: 'an old Excel workbook (xls)', encrypted: false }
  if (hasStreamName(bytes, 'PowerPoint Document')) {
    return { title: 'an old PowerPoint presentation (ppt)', encrypted: false }
  }
  if (hasStreamName(bytes, '__properties_version1.0')) {
    return { title: 'an Outlook message (msg)', encrypted: false }
  }
  return { title: 'an OLE compound file', encrypted: false }
}

/** Names of streams are UTF-16LE in the directory sectors, wherever those stand. */
function hasStreamName(bytes: Uint8Array, name: string): boolean {
  const wide = Buffer.from(name, 'utf16le')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(wide) >= 0
}
