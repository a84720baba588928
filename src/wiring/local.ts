import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FolderObjectStore } from '#adapters'
import type { LocalReport, LocalWork } from '#cli'
import { type Config, readConfig } from '#config'
import { systemActor } from '#governance'
import { PlinthError } from '#kernel'
import { restoreBackup, type Upkeep } from '#ops'
import { lockDirectory } from '#store'
import { openChat } from './chat.ts'
import { Embedders } from './embedders.ts'
import { type Foundation, openFoundation } from './foundation.ts'
import { version } from './house.ts'
import { localModels } from './models.ts'
import { keyFilesOf, upkeepOf } from './upkeep.ts'

interface Stopped {
  foundation: Foundation
  upkeep: Upkeep
  organizationIds: string[]
  close(): Promise<void>
}

/** What the command line does on the files of this machine while no server runs. Opens nothing before it is needed. */
export async function openLocalWork(env: NodeJS.ProcessEnv): Promise<LocalWork> {
  const config = readConfig(env)
  let opened: Promise<Stopped> | undefined
  const stopped = () => {
    opened ??= openStopped(config, env)
    return opened
  }
  return {
    models: localModels(config),
    doctor: async ({ fsck }) => {
      const lost = lostKeys(config)
      if (lost) return lost
      const { upkeep, organizationIds } = await stopped()
      return upkeep.doctor({ organizationIds, fsck })
    },
    backup: async function* () {
      const { foundation, upkeep, organizationIds } = await stopped()
      for (const organizationId of organizationIds) {
        await foundation.store.within(organizationId, (tx) =>
          foundation.appendAudit(tx, [
            { kind: 'backup.made', actor: systemActor, outcome: 'intended' },
          ]),
        )
      }
      yield* upkeep.backup()
    },
    restore: (file) =>
      restoreBackup(file, {
        dataDir: config.dataDir,
        engine: config.databaseUrl ? 'postgres' : 'pglite',
      }),
    close: async () => (await opened?.catch(() => undefined))?.close(),
  }
}

/** Opens an installation that is there; never makes one. */
async function openStopped(config: Config, env: NodeJS.ProcessEnv): Promise<Stopped> {
  if (!config.databaseUrl && !existsSync(join(config.dataDir, 'database'))) {
    throw new PlinthError('NOT_FOUND', {
      detail: 'There is no Plinth installation here.',
      where: config.dataDir,
      remedy: 'Set PLINTH_DATA_DIR to its data directory, or make one with `plinth start`.',
    })
  }
  const lost = lostKeys(config)?.checks.find((check) => check.result === 'failed')
  if (lost) {
    const remedy = lost.remedy ?? ''
    throw new PlinthError('INTEGRITY', { detail: `The ${lost.name}: ${lost.detail}.`, remedy })
  }
  const release = config.databaseUrl ? () => undefined : lockDirectory(config.dataDir)
  try {
    const foundation = await openFoundation(config, () => undefined)
    const embedders = await Embedders.open(config)
    const chat = openChat(config, env)
    const objects = new FolderObjectStore(join(config.dataDir, 'objects'))
    const rows = await foundation.store.system((tx) =>
      tx.selectFrom('organization').select('organization_id').limit(10_000).execute(),
    )
    return {
      foundation,
      upkeep: upkeepOf({ config, version, foundation, objects, embedders, chat }),
      organizationIds: rows.map((row) => row.organization_id),
      close: async () => {
        await foundation.authenticator.close()
        await chat.close()
        await Promise.all([...embedders.byName.values()].map((one) => one.close()))
        await foundation.store.close()
        release()
      },
    }
  } catch (error) {
    release()
    throw error
  }
}

/** Opening makes keys that are missing, which would hide that they were lost: that is told first. */
function lostKeys(config: Config): LocalReport | undefined {
  if (!config.databaseUrl && !existsSync(join(config.dataDir, 'database'))) return undefined
  const lost = keyFilesOf(config).filter(({ path, required }) => required && !existsSync(path))
  if (lost.length === 0) return undefined
  const checks = lost.map(({ name, path }) => ({
    name,
    result: 'failed' as const,
    detail: `${path} is missing`,
    remedy: 'Put it back from your backup; a new one would not open what the old one sealed.',
  }))
  return { ok: false, checks }
}
