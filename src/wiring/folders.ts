import { existsSync, realpathSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { FolderSource } from '#adapters'
import type { Config } from '#config'
import { PlinthError, type Resource } from '#kernel'
import type { DocumentSource } from '#ports'

/** The sample company, beside the sources. */
export const samplesDir = resolve(import.meta.dirname, '..', '..', 'samples')

/**
 * Opens a folder source where the server may read: below PLINTH_FOLDERS or the sample; with PLINTH_FOLDERS empty,
 * anywhere as long as the server listens on this machine only. Never the data directory, which holds the keys.
 */
export function openFolderSource(source: Resource<'Source'>, config: Config): DocumentSource {
  const { folder } = source.spec
  if (!folder) throw new PlinthError('UNSUPPORTED', `${source.name} is not a folder source.`)
  const path = placeOf(folder.path, config)
  const real = existsSync(path) ? realpathSync(path) : path
  if (overlaps(real, config.dataDir)) throw refused(folder.path, 'it holds the server’s own data')
  const roots = [samplesDir, ...config.folders.map((root) => resolve(root))]
  const open = config.folders.length === 0 && isLoopback(config.host)
  if (!open && !roots.some((root) => isInside(real, root))) {
    throw refused(folder.path, 'it is not below a folder of PLINTH_FOLDERS')
  }
  return new FolderSource({ path, include: folder.include, exclude: folder.exclude })
}

/** A relative path is looked for below the permitted folders, the sample last, then from the working directory. */
function placeOf(path: string, config: Config): string {
  if (isAbsolute(path)) return path
  for (const root of [...config.folders, samplesDir]) {
    const candidate = resolve(root, path)
    if (isInside(candidate, resolve(root)) && existsSync(candidate)) return candidate
  }
  return resolve(path)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(join(root, sep))
}

function overlaps(path: string, dataDir: string): boolean {
  return isInside(path, dataDir) || isInside(dataDir, path)
}

function refused(path: string, why: string): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail: `The folder ${path} may not be read: ${why}.`,
    where: 'spec/folder/path',
    remedy: 'Add the folder to PLINTH_FOLDERS and restart, or choose another one.',
  })
}
