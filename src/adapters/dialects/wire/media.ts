import type { MediaSource } from '#ports'

const dataUrl = /^data:([^;,]+)(?:;[^,]*)?;base64,/i

/** A URL, which may hold the bytes themselves. */
export function sourceOfUrl(url: string): MediaSource {
  const match = dataUrl.exec(url.slice(0, 200))
  return match
    ? { kind: 'bytes', mediaType: match[1]!, data: url.slice(match[0].length) }
    : { kind: 'url', url }
}

/** The reverse; undefined for a file that the provider keeps. */
export function urlOfSource(source: MediaSource): string | undefined {
  if (source.kind === 'url') return source.url
  if (source.kind === 'bytes') return `data:${source.mediaType};base64,${source.data}`
  return undefined
}
