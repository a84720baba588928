import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Resident memory of a process and all below it, in MiB (pages that several of them share count in each). */
export function residentMb(root: number): number {
  return familyOf(root).reduce((sum, { rssKb }) => sum + rssKb, 0) / 1024
}

function familyOf(root: number): Process[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  const family = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const one of all) {
      if (!family.has(one.parent) || family.has(one.pid)) continue
      family.add(one.pid)
      grown = true
    }
  }
  return all.filter((one) => family.has(one.pid))
}

interface Process {
  pid: number
  parent: number
  rssKb: number
}

function fromProc(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const field = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(status)?.[1])
      return [{ pid: Number(name), parent: field('PPid'), rssKb: field('VmRSS') || 0 }]
    } catch {
      return []
    }
  })
}

function fromPs(): Process[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => {
    const [pid, parent, rssKb] = line.trim().split(/\s+/).map(Number)
    return pid ? [{ pid, parent: parent ?? 0, rssKb: rssKb ?? 0 }] : []
  })
}

/** Looks at a process tree's memory again and again. */
export class MemoryWatch {
  readonly samples: { atS: number; mb: number }[] = []
  readonly #pid: number
  readonly #began = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(pid: number, everyMs = 250) {
    this.#pid = pid
    this.#timer = setInterval(() => this.look(), everyMs)
    this.#timer.unref()
    this.look()
  }

  look(): number {
    const mb = residentMb(this.#pid)
    this.samples.push({ atS: (performance.now() - this.#began) / 1_000, mb })
    return mb
  }

  get peakMb(): number {
    return Math.max(...this.samples.map((one) => one.mb))
  }

  /** The highest sample of each of `parts` equal stretches of time. */
  over(parts: number): { atS: number; mb: number }[] {
    const end = this.samples.at(-1)?.atS ?? 0
    return Array.from({ length: parts }, (_, i) => {
      const [from, to] = [(end * i) / parts, (end * (i + 1)) / parts]
      const inside = this.samples.filter(({ atS }) => atS >= from && atS <= to)
      return { atS: to, mb: Math.max(0, ...inside.map(({ mb }) => mb)) }
    })
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
