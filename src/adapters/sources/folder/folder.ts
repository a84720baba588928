import { type Dirent, watch as watchFolder } from 'node:fs'
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import { matchesGlob, relative, resolve, sep } from 'node:path'
import { limits, PlinthError } from '#kernel'
import type { DocumentSource, SourceItem } from '#ports'

export interface FolderOptions {
  path: string
  include: readonly string[]
  exclude: readonly string[]
}

const debounceMs = 500
const maxDepth = 64

/**
 * Files below a folder. A symlink is followed only when its target lies inside the folder; one that leads out,
 * and a name that is not valid Unicode, is listed with its problem and never read. Hidden files are left out.
 */
export class FolderSource implements DocumentSource {
  readonly version = 'document-source/1'
  readonly id = 'folder'
  readonly #root: string
  readonly #options: FolderOptions

  constructor(options: FolderOptions) {
    this.#options = options
    this.#root = resolve(options.path)
  }

  async *list(signal: AbortSignal): AsyncIterable<SourceItem> {
    const root = await realRoot(this.#root, 'NOT_FOUND')
    let count = 0
    for await (const item of this.#walk(root, root, 0)) {
      signal.throwIfAborted()
      if (++count > limits.folderFiles) {
        throw new PlinthError(
          'TOO_LARGE',
          `${this.#root} holds more than ${limits.folderFiles} files.`,
        )
      }
      yield item
    }
  }

  async read(item: SourceItem, signal: AbortSignal): Promise<Uint8Array> {
    const root = await realRoot(this.#root, 'UNAVAILABLE')
    const path = resolve(root, item.externalId)
    // Checked again at reading: a file may have been replaced by a link since it was listed.
    const real = await realpath(path).catch(() => undefined)
    if (!real || !isInside(root, real)) throw gone(item)
    const file = await open(real, 'r').catch(() => undefined)
    if (!file) throw gone(item)
    try {
      const { size } = await file.stat()
      if (size > limits.uploadBytes) throw tooLarge(item, size)
      signal.throwIfAborted()
      return await file.readFile()
    } finally {
      await file.close()
    }
  }

  watch(changed: () => void): () => void {
    let timer: NodeJS.Timeout | undefined
    const watcher = watchFolder(this.#root, { recursive: true }, () => {
      clearTimeout(timer)
      timer = setTimeout(changed, debounceMs)
    })
    // A folder that goes away is found by the next scan.
    watcher.on('error', () => undefined)
    return () => {
      clearTimeout(timer)
      watcher.close()
    }
  }

  async *#walk(root: string, folder: string, depth: number): AsyncIterable<SourceItem> {
    for (const entry of await entriesOf(folder)) {
      if (entry.name.startsWith('.')) continue
      const path = resolve(folder, entry.name)
      const externalId = relative(root, path).split(sep).join('/')
      if (entry.isDirectory()) {
        if (depth >= maxDepth) yield problem(externalId, `nested deeper than ${maxDepth} folders`)
        else yield* this.#walk(root, path, depth + 1)
      } else if (this.#wanted(externalId)) {
        yield await describe(root, path, externalId)
      }
    }
  }

  #wanted(externalId: string): boolean {
    const hit = (globs: readonly string[]) => globs.some((glob) => matchesGlob(externalId, glob))
    return hit(this.#options.include) && !hit(this.#options.exclude)
  }
}

async function describe(root: string, path: string, externalId: string): Promise<SourceItem> {
  if (externalId.includes('\ufffd')) return problem(externalId, 'its name is not valid Unicode')
  const link = await lstat(path).catch(() => undefined)
  if (!link) return problem(externalId, 'it cannot be read')
  if (link.isSymbolicLink()) {
    const real = await realpath(path).catch(() => undefined)
    if (!real) return problem(externalId, 'it is a link that leads nowhere')
    if (!isInside(root, real))
      return problem(externalId, 'it is a link that leads out of the folder')
  }
  const file = await stat(path).catch(() => undefined)
  if (!file?.isFile()) return problem(externalId, 'it is not a regular file')
  return {
    externalId,
    name: externalId.slice(externalId.lastIndexOf('/') + 1),
    size: file.size,
    changeMark: `${file.mtimeMs}:${file.size}:${file.ino}`,
    location: path,
  }
}

/** What lies in a folder, by name. One that cannot be read ends the scan: its files must not seem removed. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new PlinthError('FORBIDDEN', {
      detail: `The folder ${folder} cannot be read.`,
      remedy: 'Check the permissions of the server on it; nothing was removed.',
      cause: error,
    })
  }
}

/** `absent`: how to say that it is not there. A scan by hand tells it at once, the reading of a file waits. */
async function realRoot(root: string, absent: 'NOT_FOUND' | 'UNAVAILABLE'): Promise<string> {
  try {
    const real = await realpath(root)
    if ((await stat(real)).isDirectory()) return real
  } catch {
    // Falls through: absent and unreadable are told alike.
  }
  throw new PlinthError(absent, {
    detail: `The folder ${root} is not there or cannot be read.`,
    remedy: 'Check the path of the Source resource and the permissions of the server on it.',
  })
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

function problem(externalId: string, reason: string): SourceItem {
  const name = externalId.slice(externalId.lastIndexOf('/') + 1)
  return { externalId, name, location: externalId, problem: reason }
}

function gone(item: SourceItem): PlinthError {
  return new PlinthError('NOT_FOUND', {
    detail: `${item.externalId} is not there any more.`,
    where: item.externalId,
  })
}

function tooLarge(item: SourceItem, size: number): PlinthError {
  return new PlinthError('TOO_LARGE', {
    detail: `${item.externalId} has ${size} bytes; the limit is ${limits.uploadBytes}.`,
    where: item.externalId,
    remedy: 'Split the file.',
  })
}
