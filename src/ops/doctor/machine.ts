import { constants } from 'node:fs'
import { access, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, type DoctorDeps, failed, ok, warning } from './check.ts'

const gib = 1024 ** 3
const lowBytes = 2 * gib
const emptyBytes = gib / 4

const size = (bytes: number) => `${(bytes / gib).toFixed(1)} GiB`

/** Whether the data directory takes writes that reach the disk. */
export async function checkDataDirectory({ paths }: DoctorDeps): Promise<Check> {
  const name = 'data directory'
  const file = join(paths.dataDir, `.doctor-${process.pid}`)
  try {
    const handle = await open(file, 'w', 0o600)
    try {
      await handle.writeFile('writable')
      await handle.sync()
    } finally {
      await handle.close()
      await rm(file, { force: true })
    }
    return ok(name, `${paths.dataDir} is writable`)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    const remedy = 'Give the server’s user write access, or free space on that disk.'
    return failed(name, `${paths.dataDir} cannot be written (${why})`, remedy)
  }
}

export async function checkLock({ paths }: DoctorDeps): Promise<Check> {
  const name = 'data directory lock'
  if (paths.lockFile === undefined) return ok(name, 'not needed with a PostgreSQL server')
  let holder: { pid?: number; host?: string; since?: string }
  try {
    holder = JSON.parse(await readFile(paths.lockFile, 'utf8')) as typeof holder
  } catch {
    const remedy = 'Stop every Plinth that uses this folder, then start one again.'
    return failed(name, `${paths.lockFile} cannot be read`, remedy)
  }
  const who = `process ${holder.pid} on ${holder.host} since ${holder.since}`
  if (holder.pid === process.pid) return ok(name, `held by this ${who}`)
  const remedy = 'Stop one of the two at once: both write the same database.'
  return failed(name, `held by another: ${who}`, remedy)
}

export async function checkSpace({ paths }: DoctorDeps): Promise<Check> {
  const name = 'disk space'
  const disk = await statfs(paths.dataDir)
  const free = disk.bavail * disk.bsize
  const detail = `${size(free)} free of ${size(disk.blocks * disk.bsize)} for ${paths.dataDir}`
  const remedy = 'Free space on that disk, or move the data directory (PLINTH_DATA_DIR).'
  if (free < emptyBytes) return failed(name, detail, remedy)
  return free < lowBytes ? warning(name, detail, remedy) : ok(name, detail)
}

/** Files that hold keys: there, and for their owner only. */
export async function checkKeys({ paths }: DoctorDeps): Promise<Check[]> {
  const checks: Check[] = []
  for (const { name, path, required } of paths.keyFiles) {
    const found = await stat(path).catch(() => undefined)
    if (!found) {
      const remedy = `Put ${path} back from your backup; a new one would not open what the old one sealed.`
      if (required) checks.push(failed(name, `${path} is missing`, remedy))
      else checks.push(ok(name, 'not kept on this machine'))
      continue
    }
    const mode = found.mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const detail = `${path} can be read by others (mode ${mode.toString(8)})`
      checks.push(failed(name, detail, `chmod 600 ${path}`))
    } else checks.push(ok(name, `${path}, mode ${mode.toString(8)}`))
  }
  return checks
}

export async function checkModels({ paths, embedding }: DoctorDeps): Promise<Check> {
  const name = 'embedding model'
  if (embedding.embedder) return ok(name, `${embedding.embedder} from ${paths.modelsDir}`)
  const readable = await access(paths.modelsDir, constants.R_OK).then(
    () => true,
    () => false,
  )
  const entries = readable ? await readdir(paths.modelsDir) : []
  const models = entries.filter((entry) => !entry.startsWith('.')).length
  const place = readable ? `${paths.modelsDir} holds ${models}` : `no folder ${paths.modelsDir}`
  const detail = `search by words only: ${embedding.off ?? 'no model is open'} (${place})`
  return warning(name, detail, 'plinth models pull all-minilm-l6-v2, then restart the server.')
}

export async function checkProviders({ providers }: DoctorDeps): Promise<Check[]> {
  const name = 'chat models'
  if (!providers) return []
  const states = await providers()
  if (states.length === 0) return [ok(name, 'the built-in one only')]
  return states.map((state) => {
    const label = `chat model ${state.name}`
    if (state.problem === undefined) return ok(label, state.note ?? 'answers')
    const remedy = 'Check address and key in its Provider resource, and that it runs.'
    return failed(label, state.problem, remedy)
  })
}
