import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PlinthError } from '#kernel'

/**
 * The 32-byte master key in a file (base 64, mode 600), made on first start; of two processes that start at once both
 * get the same one. Throws INTEGRITY for a file that holds no key: a new one would lock everything sealed away.
 */
export async function loadMasterKey(file: string): Promise<Uint8Array> {
  const known = await read(file)
  if (known) return known
  await mkdir(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}.new`
  await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  const made = await read(file)
  if (made) return made
  throw new PlinthError('INTEGRITY', `The master key ${file} was not written.`)
}

async function read(file: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length === 32) return key
  throw new PlinthError('INTEGRITY', {
    detail: `${file} does not hold a master key of 32 bytes in base 64.`,
    remedy: 'Put the right key back from your backup; without it the vault cannot be opened.',
  })
}
