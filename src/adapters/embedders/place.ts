import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a finished folder in its place at once; a folder that stood there is removed afterwards. */
export async function place(staging: string, target: string): Promise<void> {
  const old = `${target}.old-${process.pid}-${Date.now()}`
  const replaced = await rename(target, old).then(
    () => true,
    () => false,
  )
  try {
    await rename(staging, target)
  } catch (error) {
    if (replaced) await rename(old, target)
    throw error
  }
  if (replaced) await rm(old, { recursive: true, force: true })
  await syncFolder(dirname(target))
}

/** Makes a rename survive a power cut, where the system can. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
