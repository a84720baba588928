import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTar, tarEnd, tarHeader, tarPadding } from './tar.ts'

function archive(files: readonly { name: string; bytes: Uint8Array }[]): Uint8Array {
  const mtime = new Date(0)
  const pieces = files.flatMap(({ name, bytes }) => [
    tarHeader({ name, size: bytes.byteLength, mtime }),
    bytes,
    tarPadding(bytes.byteLength),
  ])
  return Buffer.concat([...pieces, tarEnd])
}

async function* cut(bytes: Uint8Array, at: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.byteLength; i += at) yield bytes.subarray(i, i + at)
}

async function read(bytes: Uint8Array, at = 1000) {
  const files: { name: string; bytes: Uint8Array }[] = []
  for await (const entry of readTar(cut(bytes, at))) {
    const pieces: Uint8Array[] = []
    for await (const piece of entry.body) pieces.push(piece)
    files.push({ name: entry.name, bytes: new Uint8Array(Buffer.concat(pieces)) })
  }
  return files
}

const part = fc.stringMatching(/^[A-Za-z0-9_.-]{1,60}$/)
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const file = fc.record({ name, bytes: fc.uint8Array({ maxLength: 2_000 }) })

describe('tar', () => {
  it('gives back any files, however the bytes are cut [M40.backup-archive]', async () => {
    const some = fc.array(file, { maxLength: 5 })
    const property = fc.asyncProperty(
      some,
      fc.integer({ min: 1, max: 3_000 }),
      async (files, at) => {
        const kept = files.filter(({ name }) => {
          try {
            tarHeader({ name, size: 0, mtime: new Date(0) })
            return true
          } catch {
            return false
          }
        })
        const found = await read(archive(kept), at)
        expect(found).toEqual(
          kept.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) })),
        )
      },
    )
    await fc.assert(property, { numRuns: 100 })
  })

  it('is read by tar itself, long names included [M40.backup-archive]', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-tar-'))
    try {
      const long = `objects/org_0123456789abcdefghijklmnopq/originals/${'f'.repeat(64)}`
      const path = join(folder, 'a.tar')
      const bytes = Buffer.from('hello')
      await writeFile(
        path,
        archive([
          { name: long, bytes },
          { name: 'b', bytes: Buffer.alloc(0) },
        ]),
      )
      await promisify(execFile)('tar', ['-xf', path, '-C', folder])
      expect(await readFile(join(folder, long))).toEqual(bytes)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('refuses an archive that was changed in a header or cut anywhere [M40.backup-archive]', async () => {
    const whole = archive([{ name: 'a', bytes: Buffer.from('hello') }])
    for (const length of [0, 100, 512, 515, 1024, 1500, whole.byteLength - 1]) {
      await expect(read(whole.subarray(0, length))).rejects.toMatchObject({ code: 'INTEGRITY' })
    }
    const changed = Buffer.from(whole)
    changed[0] = 'b'.charCodeAt(0)
    await expect(read(changed)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })
})
