import { createHash, type Hash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { ObjectStore } from '#ports'
import { isSegmentKey } from '#store'
import {
  type BackupHead,
  type BackupManifest,
  backupFormat,
  databaseName,
  headName,
  manifestName,
} from './manifest.ts'
import { tarEnd, tarHeader, tarPadding } from './tar.ts'

/** What a backup is made of. */
export interface BackupSource {
  version: string
  engine: 'pglite' | 'postgres'
  createdAt: Date
  dataDir: string
  /** The embedded database as a tar archive of one moment; absent with a PostgreSQL server. */
  dump?: () => Promise<Uint8Array>
  objects: ObjectStore
  /** Files that hold keys, wherever they lie: those outside the data directory are not copied, and said so. */
  keyFiles: readonly string[]
}

const pieceBytes = 1024 * 1024

/**
 * A backup as a tar archive, piece by piece. Order makes it consistent while the server works: audit checkpoints first
 * (so that none is newer than the database), then the database as of one moment, then keys and objects (an object is
 * there before the row that names it; those that come meanwhile do no harm). The digests stand at the end.
 */
export async function* writeBackup(source: BackupSource): AsyncGenerator<Uint8Array> {
  const archive = new Archive(source.createdAt)
  const notes: string[] = []
  const head: BackupHead = {
    format: backupFormat,
    version: source.version,
    engine: source.engine,
    createdAt: source.createdAt.toISOString(),
  }
  yield* archive.bytes(headName, json(head))
  if (source.dump) {
    for (const path of await filesBelow(join(source.dataDir, 'audit'))) {
      yield* archive.file(`files/${slashed(relative(source.dataDir, path))}`, path)
    }
    yield* archive.bytes(databaseName, await source.dump())
  } else {
    notes.push(
      'The database is not in it: it lies on your PostgreSQL server. Back it up with pg_dump, before this.',
      // Newer than the dump, they would say that the restored log was cut.
      'The checkpoint files are not in it: they are written again from the database.',
    )
  }
  for (const path of source.keyFiles) {
    const inside = relative(source.dataDir, path)
    if (inside.startsWith('..') || isAbsolute(inside)) {
      notes.push(`The key ${path} is not in it, because it lies outside the data directory.`)
    } else if (await stat(path).catch(() => undefined)) {
      yield* archive.file(`files/${slashed(inside)}`, path)
    }
  }
  for await (const key of source.objects.list('')) {
    // Search indexes are made again from the rows, and may be larger than all the rest.
    if (!isSegmentKey(key)) yield* archive.object(key, source.objects)
  }
  const manifest: BackupManifest = { ...head, entries: archive.entries, notes }
  yield* archive.bytes(manifestName, json(manifest))
  yield tarEnd
}

class Archive {
  readonly entries: BackupManifest['entries'] = []
  readonly #mtime: Date

  constructor(mtime: Date) {
    this.#mtime = mtime
  }

  async *bytes(name: string, content: Uint8Array): AsyncGenerator<Uint8Array> {
    yield tarHeader({ name, size: content.byteLength, mtime: this.#mtime })
    const hash = createHash('sha256')
    for (let at = 0; at < content.byteLength; at += pieceBytes) {
      const piece = content.subarray(at, at + pieceBytes)
      hash.update(piece)
      yield piece
    }
    yield* this.#end(name, content.byteLength, hash)
  }

  /** A file as long as it is now: what is appended meanwhile is left out. Nothing where it is gone. */
  async *file(name: string, path: string): AsyncGenerator<Uint8Array> {
    const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (!handle) return
    try {
      const { size } = await handle.stat()
      yield tarHeader({ name, size, mtime: this.#mtime })
      const hash = createHash('sha256')
      for (let at = 0; at < size; ) {
        const wanted = Math.min(pieceBytes, size - at)
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(wanted), 0, wanted, at)
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read.`)
        const piece = buffer.subarray(0, bytesRead)
        hash.update(piece)
        at += bytesRead
        yield piece
      }
      yield* this.#end(name, size, hash)
    } finally {
      await handle.close()
    }
  }

  async *object(key: string, objects: ObjectStore): AsyncGenerator<Uint8Array> {
    const path = objects.pathOf?.(key)
    if (path !== undefined) yield* this.file(`objects/${key}`, path)
    else yield* this.bytes(`objects/${key}`, await objects.get(key))
  }

  async *#end(name: string, size: number, hash: Hash): AsyncGenerator<Uint8Array> {
    this.entries.push({ name, size, sha256: hash.digest('hex') })
    const padding = tarPadding(size)
    if (padding.byteLength > 0) yield padding
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name)).sort()
}

const slashed = (path: string) => path.split(sep).join('/')
const json = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)
