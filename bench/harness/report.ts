import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, resolve } from 'node:path'

export type Row = Record<string, string | number | boolean | null>

/** Prints figures one under the other and writes them where `--json` says. */
export function report(figures: Row, json: string | undefined): void {
  const all = { ...figures, ...machine() }
  const width = Math.max(...Object.keys(all).map((key) => key.length))
  console.log('')
  for (const [key, value] of Object.entries(all)) console.log(`${key.padEnd(width)}  ${value}`)
  write(all, json)
}

/** Prints rows as a table and writes them where `--json` says. */
export function reportRows(rows: readonly Row[], json: string | undefined): void {
  console.log('')
  console.table(rows)
  write({ rows, ...machine() }, json)
}

function write(content: unknown, json: string | undefined): void {
  if (!json) return
  const file = resolve(json)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
  console.log(`\nWritten to ${json}.`)
}

/** Timings mean nothing without how busy the machine was. */
function machine(): Row {
  return {
    cores_count: cpus().length,
    load_1min: round(loadavg()[0] ?? 0, 2),
    node_version: process.versions.node,
  }
}

/** The value below which a share of the values lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}

/** One line on standard error that is written over, or one every five seconds where that is no terminal. */
export class Progress {
  #last = 0

  show(line: string, force = false): void {
    const tty = process.stderr.isTTY
    const now = Date.now()
    if (!force && now - this.#last < (tty ? 200 : 5_000)) return
    this.#last = now
    process.stderr.write(tty ? `\r\x1b[K${line}` : `${line}\n`)
  }

  done(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}
