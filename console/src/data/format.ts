const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const absolute = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'long',
})
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 4.35],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
]

/** `3 min. ago`; within ten seconds `now`. */
export function sinceText(iso: string, now = Date.now()): string {
  let amount = (Date.parse(iso) - now) / 1000
  if (Math.abs(amount) < 10) return 'now'
  for (const [unit, size] of steps) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit)
    amount /= size
  }
  return iso
}

/** Date and time with its zone. */
export const absoluteText = (iso: string): string => absolute.format(new Date(iso))
export const count = (value: number): string => whole.format(value)

export function plural(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`
}

/** In the units that limits, command line and documentation use. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return 'no data'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

export function durationText(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`
  if (ms < 100) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A guess needs no decimals. */
export function timeLeftText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3600)} h`
}

export function costText(usd: number | null): string {
  if (usd === null) return 'no data'
  if (usd === 0) return '$0'
  return usd < 0.01 ? `$${usd.toFixed(5)}` : `$${usd.toFixed(3)}`
}

export const scoreText = (score: number | null): string =>
  score === null ? '–' : score.toFixed(score >= 10 ? 1 : 3)

/** `sha256:1a2b3c4d5e6f…` as `1a2b3c4d5e6f`. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12)

/** The last part of a media type in words people use. */
export function formatName(mediaType: string | null): string {
  if (mediaType === null) return 'no data'
  const known: Record<string, string> = {
    'application/pdf': 'PDF',
    'text/html': 'HTML',
    'text/markdown': 'Markdown',
    'text/plain': 'Text',
    'text/csv': 'CSV',
    'message/rfc822': 'E-mail',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'PowerPoint',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'Excel',
  }
  return known[mediaType] ?? mediaType
}
