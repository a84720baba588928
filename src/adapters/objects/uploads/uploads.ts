import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PlinthError } from '#kernel'
import type { ObjectStore } from '#ports'

/** Files while they are received, one per upload, in a folder beside the object store. */
export class FolderUploads {
  readonly #folder: string
  readonly #objects: ObjectStore
  /** Uploads that a request is writing now. */
  readonly #busy = new Set<string>()

  constructor(folder: string, objects: ObjectStore) {
    this.#folder = folder
    this.#objects = objects
  }

  /**
   * Appends what follows at `offset` and flushes it; returns the bytes that are safe. A sender that broke off goes on
   * from there. Throws CONFLICT where the file has another length than the sender thinks or another request is
   * writing it, CANCELLED where the sender leaves, INVALID_INPUT as soon as more than `size` bytes came: it starts again.
   */
  async append(
    id: string,
    at: { offset: number; size: number },
    body: NodeJS.ReadableStream,
  ): Promise<number> {
    if (this.#busy.has(id)) {
      throw new PlinthError('CONFLICT', {
        detail: 'Another request is sending this upload now.',
        remedy: 'Wait for it to end, then ask for the upload and send the rest, if any.',
      })
    }
    this.#busy.add(id)
    try {
      return await this.#append(id, at, body)
    } finally {
      this.#busy.delete(id)
    }
  }

  async #append(
    id: string,
    { offset, size: wanted }: { offset: number; size: number },
    body: NodeJS.ReadableStream,
  ): Promise<number> {
    await mkdir(this.#folder, { recursive: true })
    const file = await open(this.#path(id), 'a', 0o600)
    try {
      let size = (await file.stat()).size
      if (size !== offset) {
        throw new PlinthError('CONFLICT', {
          detail: `The server has ${size} bytes of this upload, not ${offset}.`,
          remedy: 'Ask for the upload and send the rest from "received" on.',
        })
      }
      for await (const piece of body) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
        size += bytes.byteLength
        if (size > wanted) {
          await file.truncate(0)
          throw tooMuch(size, wanted)
        }
        await file.appendFile(bytes)
      }
      await file.sync()
      return size
    } catch (error) {
      await file.sync().catch(() => undefined)
      throw mapped(error)
    } finally {
      await file.close()
    }
  }

  async size(id: string): Promise<number> {
    try {
      return (await stat(this.#path(id))).size
    } catch {
      return 0
    }
  }

  /** Hashes the whole file and keeps it as the object that `keyOf` names by the digest. */
  async finish(
    id: string,
    keyOf: (digest: string) => Promise<string>,
  ): Promise<{ digest: string; key: string }> {
    const path = this.#path(id)
    const hash = createHash('sha256')
    if ((await this.size(id)) > 0)
      for await (const piece of createReadStream(path)) hash.update(piece)
    const digest = `sha256:${hash.digest('hex')}`
    const key = await keyOf(digest)
    if (!(await this.#objects.has(key))) {
      const empty = (await this.size(id)) === 0
      await this.#objects.put(key, empty ? new Uint8Array(0) : createReadStream(path))
    }
    return { digest, key }
  }

  async discard(id: string): Promise<void> {
    await rm(this.#path(id), { force: true })
  }

  #path(id: string): string {
    if (!/^upl_[0-9a-z]+$/.test(id)) throw new PlinthError('NOT_FOUND', 'There is no such upload.')
    return join(this.#folder, id)
  }
}

function tooMuch(size: number, wanted: number): PlinthError {
  const detail = `At least ${size} bytes came for an upload of ${wanted}; it starts again.`
  return new PlinthError('INVALID_INPUT', detail)
}

function mapped(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ECONNRESET') {
    return new PlinthError('CANCELLED', 'The sender broke off; what was received so far is kept.')
  }
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new PlinthError('UNAVAILABLE', {
    detail: 'The disk is full; what was received so far is kept.',
    remedy: 'Free space on the disk that holds PLINTH_DATA_DIR, then send the rest.',
    cause: error,
  })
}
