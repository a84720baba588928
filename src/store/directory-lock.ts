import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PlinthError } from '#kernel'

interface Holder {
  pid: number
  host: string
  /** Start time of the process in clock ticks since boot, where /proc tells it: a reused pid is not the holder. */
  started: string
  since: string
}

/**
 * Takes the data directory for this process (two processes on one PGlite directory silently lose each other's rows).
 * The lock file holds the real pid and is taken over only when that process is dead. Returns how to let go.
 * Throws DATA_DIRECTORY_LOCKED naming the holder.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'plinth.lock')
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(file)) return () => release(file)
    const holder = read(file)
    if (holder && isAlive(holder)) throw refused(directory, holder)
    setAside(file, holder)
  }
  throw refused(directory, read(file))
}

/** The content is there before the name is: nobody ever reads half a lock. */
function create(file: string): boolean {
  const draft = `${file}.${process.pid}.new`
  const me: Holder = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    since: new Date().toISOString(),
  }
  writeFileSync(draft, JSON.stringify(me), { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Moves a dead holder's file away. Between reading and renaming another process may have taken over:
 * what was renamed is read again, and put back if it is not the dead one.
 */
function setAside(file: string, dead: Holder | undefined): void {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = read(aside)
  if (moved && JSON.stringify(moved) !== JSON.stringify(dead)) {
    renameSync(aside, file)
    return
  }
  rmSync(aside, { force: true })
}

function release(file: string): void {
  const holder = read(file)
  if (holder?.pid === process.pid && holder.host === hostname()) rmSync(file, { force: true })
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return holder.started === startOf(holder.pid)
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function refused(directory: string, holder: Holder | undefined): PlinthError {
  const who = holder
    ? `process ${holder.pid} on ${holder.host} since ${holder.since}`
    : 'another process that is starting'
  return new PlinthError('DATA_DIRECTORY_LOCKED', {
    detail: `${directory} is in use by ${who}.`,
    where: join(directory, 'plinth.lock'),
    remedy:
      'Stop that process, or set PLINTH_DATA_DIR to another folder. If that machine is gone for good, delete the lock file.',
  })
}
