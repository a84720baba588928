import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { PlinthError } from '#kernel'

/** A note is under 500 bytes; the end of the file is searched for the last whole one. */
const tailBytes = 64 * 1024

export interface FiledCheckpoint {
  origin: string
  size: number
  /** Base 64. */
  root: string
}

/**
 * The checkpoints of one log in a file, one signed note after the other with a blank line between:
 * what an administrator copies elsewhere, and what tells the signer, outside the database, what it
 * signed last.
 */
export class CheckpointFile {
  readonly path: string
  #last: FiledCheckpoint | undefined
  #opened = false

  constructor(folder: string, organizationId: string) {
    if (!/^[A-Za-z0-9._-]+$/.test(organizationId) || organizationId.startsWith('.')) {
      throw new PlinthError('INVALID_INPUT', `"${organizationId}" cannot name a file.`)
    }
    this.path = join(folder, `${organizationId}.checkpoints`)
  }

  /**
   * The last checkpoint in the file; undefined when there is none. Cuts off what a crash left half
   * written.
   */
  async last(): Promise<FiledCheckpoint | undefined> {
    if (!this.#opened) {
      await mkdir(join(this.path, '..'), { recursive: true, mode: 0o700 })
      const file = await open(this.path, 'a+', 0o600)
      try {
        this.#last = await mendTail(file)
      } finally {
        await file.close()
      }
      this.#opened = true
    }
    return this.#last
  }

  /** Appends notes and waits until the disk has them. */
  async append(notes: readonly string[]): Promise<void> {
    const newest = notes.at(-1)
    if (newest === undefined) return
    await this.last()
    // Whatever happens now, the next call looks at the file again.
    this.#opened = false
    const file = await open(this.path, 'a', 0o600)
    try {
      await file.writeFile(notes.map((note) => `${note}\n`).join(''))
      await file.sync()
    } finally {
      await file.close()
    }
    this.#last = readNote(newest)
    this.#opened = true
  }
}

async function mendTail(file: FileHandle): Promise<FiledCheckpoint | undefined> {
  const { size } = await file.stat()
  if (size === 0) return undefined
  const from = Math.max(0, size - tailBytes)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
  const tail = buffer.subarray(0, bytesRead)
  // A whole note ends with its signature line and a blank line; the last such place is where the
  // file may go on.
  for (let end = tail.lastIndexOf('\n\n'); end >= 0; end = tail.lastIndexOf('\n\n', end - 1)) {
    const line = tail.lastIndexOf('\n', end - 1) + 1
    if (tail.subarray(line, end).toString('utf8').startsWith('— ')) {
      const whole = from + end + 2
      if (whole < size) await file.truncate(whole)
      return lastNote(tail.subarray(0, end + 1).toString('utf8'))
    }
    if (end === 0) break
  }
  if (from > 0)
    throw new PlinthError('INTEGRITY', 'The checkpoint file has no checkpoint at its end.')
  await file.truncate(0)
  return undefined
}

function lastNote(text: string): FiledCheckpoint | undefined {
  const blank = text.lastIndexOf('\n\n')
  const start = text.lastIndexOf('\n\n', blank - 1)
  return readNote(text.slice(start < 0 ? 0 : start + 2))
}

function readNote(note: string): FiledCheckpoint | undefined {
  const [origin, size, root] = note.split('\n')
  if (!origin || !root || !/^[0-9]+$/.test(size ?? '')) return undefined
  return { origin, size: Number(size), root }
}
