import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PlinthError } from '#kernel'
import type { ObjectStore } from '#ports'

const keyShape = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/

/** Objects as files below one folder. Writes go to a draft, are flushed, then renamed: whole or not at all. */
export class FolderObjectStore implements ObjectStore {
  readonly version = 'object-store/1'
  readonly id = 'folder'
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async put(key: string, bytes: Uint8Array | NodeJS.ReadableStream): Promise<void> {
    const path = this.#path(key)
    const draft = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.draft`
    await mkdir(dirname(path), { recursive: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      if (bytes instanceof Uint8Array) await file.writeFile(bytes)
      else for await (const piece of bytes) await file.writeFile(piece)
      await file.sync()
      await file.close()
      await rename(draft, path)
    } catch (error) {
      await file.close().catch(() => undefined)
      await rm(draft, { force: true })
      throw mapped(error, key)
    }
  }

  async get(key: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(key))
    } catch (error) {
      throw mapped(error, key)
    }
  }

  async open(key: string): Promise<NodeJS.ReadableStream> {
    if (!(await this.has(key))) throw notFound(key)
    return createReadStream(this.#path(key))
  }

  async has(key: string): Promise<boolean> {
    try {
      return (await stat(this.#path(key))).isFile()
    } catch {
      return false
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true })
  }

  async *list(prefix: string): AsyncIterable<string> {
    yield* this.#walk('', prefix)
  }

  /** Where an object lies, for readers that need a path (parsers). */
  pathOf(key: string): string {
    return this.#path(key)
  }

  async *#walk(folder: string, prefix: string): AsyncIterable<string> {
    let entries: { name: string; isDirectory(): boolean }[]
    try {
      entries = await readdir(join(this.#root, folder), { withFileTypes: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const key = folder ? `${folder}/${entry.name}` : entry.name
      if (entry.isDirectory()) {
        if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* this.#walk(key, prefix)
      } else if (key.startsWith(prefix) && !key.endsWith('.draft')) yield key
    }
  }

  #path(key: string): string {
    if (!keyShape.test(key) || key.split('/').some((part) => part === '.' || part === '..')) {
      throw new PlinthError('INVALID_INPUT', `"${key}" is not an object key.`)
    }
    return join(this.#root, key)
  }
}

function mapped(error: unknown, key: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return notFound(key)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PlinthError('UNAVAILABLE', {
      detail: 'The disk of the object store is full.',
      remedy: 'Free space on the disk that holds PLINTH_DATA_DIR; the work then goes on by itself.',
      cause: error,
    })
  }
  return error
}

function notFound(key: string): PlinthError {
  return new PlinthError('NOT_FOUND', `There is no object ${key}.`)
}
