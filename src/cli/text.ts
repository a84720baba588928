/** Characters that steer a terminal: a title or an answer must not be able to. Line breaks and tabs stay. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Text from elsewhere, safe to print. */
export function printable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(steering, '\ufffd')
}

/** One JSON value on one line; what steers a terminal is escaped. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(
    steering,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${text}\n`
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/

/** Columns that a text takes on a terminal: East Asian characters take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const c of text) width += wide.test(c) ? 2 : 1
  return width
}

/** Cut to at most so many columns, with an ellipsis where something is missing. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let out = ''
  let width = 0
  for (const c of text) {
    width += wide.test(c) ? 2 : 1
    if (width > columns - 1) break
    out += c
  }
  return `${out}…`
}

/** Rows under headings, columns aligned; the last column is cut to the terminal's width where there is one. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): string {
  const cells = rows.map((row) => row.map((cell) => printable(cell).replace(/\s+/g, ' ').trim()))
  const widths = headings.map((heading, i) =>
    Math.max(widthOf(heading), ...cells.map((row) => widthOf(row[i] ?? ''))),
  )
  const line = (row: readonly string[]) => {
    const text = row
      .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd()
    return columns ? cutTo(text, columns) : text
  }
  return `${[line(headings.map((h) => h.toUpperCase())), ...cells.map(line)].join('\n')}\n`
}

/** Text folded at a width, each line after a prefix. */
export function folded(text: string, columns: number, prefix = ''): string {
  const room = Math.max(20, columns - widthOf(prefix))
  const lines: string[] = []
  for (const paragraph of printable(text).split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines.map((one) => `${prefix}${one}`.trimEnd()).join('\n')
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export function bytes(n: number): string {
  let value = n
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${n} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

/** `1 file`, `3 files`. */
export function counted(n: number, one: string): string {
  return `${n} ${n === 1 ? one : `${one}s`}`
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
}

/** `2026-03-01 14:05 UTC`. */
export function time(iso: string | null): string {
  return iso === null ? '' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}
