import { readdirSync, readFileSync } from 'node:fs'

/** Kernel ticks a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

interface Times {
  parent: number
  own: number
  /** Of children that have ended and were waited for. */
  ended: number
}

/**
 * Processor time (user and system, seconds) that a process and all below it have used so far, those that ended included;
 * null where there is no /proc. Unlike the time on the clock it says the same on a busy machine.
 */
export function processorSeconds(root: number): number | null {
  if (process.platform !== 'linux') return null
  const all = new Map<number, Times>()
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? timesOf(name) : undefined
    if (times) all.set(Number(name), times)
  }
  const below = (pid: number): number =>
    [...all].reduce((sum, [child, { parent }]) => sum + (parent === pid ? total(child) : 0), 0)
  const total = (pid: number): number => {
    const times = all.get(pid)
    return times ? times.own + times.ended + below(pid) : 0
  }
  return total(root) / ticksPerSecond
}

function timesOf(pid: string): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the command's closing bracket: state, parent, … (proc(5), fields 3 and on).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const at = (field: number) => Number(fields[field - 3])
    return { parent: at(4), own: at(14) + at(15), ended: at(16) + at(17) }
  } catch {
    return undefined
  }
}
