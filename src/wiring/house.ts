import { join } from 'node:path'
import { FolderUploads } from '#adapters'
import type { ApiHouse, SystemFacts } from '#api'
import type { GatewayHouse } from '#apps'
import type { Config } from '#config'
import { type Resource, systemClock } from '#kernel'
import type { NoticedProvider } from '#models'
import { ProcessMetrics } from '#ops'
import { lockDirectory, toYamlFile } from '#store'
import { type Chat, noticeChat, openChat } from './chat.ts'
import { Embedders } from './embedders.ts'
import { type Foundation, type Log, openFoundation } from './foundation.ts'
import { openGateway } from './gateway.ts'
import { Housekeeping } from './housekeeping.ts'
import { ModelWatch } from './model-watch.ts'
import { openPipelines, type Pipelines } from './pipelines.ts'
import { upkeepOf } from './upkeep.ts'
import { fillInVectors, syncAfter } from './upkeep-work.ts'

export const version = '0.1.0'

/** A whole Plinth in this process: the doors' house, background work, and how to end it. */
export interface House {
  config: Config
  foundation: Foundation
  pipelines: Pipelines
  embedders: Embedders
  chat: Chat
  api: ApiHouse
  /** Starts jobs, checkpoints, watching. */
  start(): void
  /** Ends background work, then everything that was opened, in the opposite order. */
  close(): Promise<void>
}

export interface HouseOptions {
  env?: NodeJS.ProcessEnv
  log?: Log
}

/** Builds every adapter, wraps every port and hands them down. The only place that knows them all. */
export async function buildHouse(config: Config, options: HouseOptions = {}): Promise<House> {
  const env = options.env ?? process.env
  const log = options.log ?? (() => undefined)
  const release = config.databaseUrl ? () => undefined : lockDirectory(config.dataDir)
  try {
    const foundation = await openFoundation(config, log)
    const embedders = await Embedders.open(config)
    const chat = openChat(config, env)
    const gateway = openGateway(foundation, chat, { ...config, log })
    const pipelines = openPipelines(foundation, { config, embedders, chat, log })
    const offers: SystemFacts['offers'] = []
    const api = apiHouse(foundation, pipelines, {
      config,
      embedders,
      chat,
      offers,
      gateway,
    })
    const models = new ModelWatch()
    const housekeeping = new Housekeeping(api, config, log)
    const house: House = {
      config,
      foundation,
      pipelines,
      embedders,
      chat,
      api,
      start: () => {
        if (config.workers > 0) pipelines.jobs.start()
        foundation.signer.start()
        gateway.usage.start()
        pipelines.schedule.start()
        pipelines.indexKeeper.start()
        housekeeping.start()
        api.metrics.start()
        const { outbound } = chat
        models.start({ config, embedders, outbound, foundation }, () => fillInVectors(house))
        void noticeChat(chat, env).then((found) => offers.push(...found.map(offerOf)))
      },
      close: async () => {
        api.metrics.stop()
        await models.stop()
        await housekeeping.stop()
        await pipelines.indexKeeper.stop()
        await pipelines.schedule.stop()
        await pipelines.jobs.stop()
        // What could not be booked was told; the rest must end all the same.
        await gateway.usage.close().catch(() => undefined)
        await foundation.authenticator.close()
        await foundation.signer.stop()
        await Promise.all([pipelines.close(), chat.close()])
        await embedders.close()
        await foundation.store.close()
        release()
      },
    }
    return house
  } catch (error) {
    release()
    throw error
  }
}

function apiHouse(
  foundation: Foundation,
  pipelines: Pipelines,
  parts: {
    config: Config
    embedders: Embedders
    chat: Chat
    offers: SystemFacts['offers']
    gateway: GatewayHouse
  },
): ApiHouse {
  const { config, embedders, chat, offers, gateway } = parts
  const startedAt = new Date()
  const { objects, ingest, answer, jobs, resourceReader } = pipelines
  return {
    ...foundation,
    version,
    objects,
    clock: systemClock,
    answer,
    gateway,
    ingest,
    resourceReader,
    jobs,
    uploads: new FolderUploads(join(config.dataDir, 'uploads'), objects),
    uploadQuota: config.uploadQuotaMb * 1024 * 1024,
    upkeep: upkeepOf({ config, version, foundation, objects, embedders, chat, pipelines }),
    organization: { id: foundation.organizationId, name: config.organization },
    publicUrl: () => config.publicUrl || `http://${config.host}:${config.port}`,
    secureCookies: config.publicUrl.startsWith('https:'),
    facts: () => ({
      embedder: embedders.default?.id ?? null,
      denseOff: embedders.off,
      sample: config.sample,
      startedAt,
      offers,
    }),
    embedders: () => embedders.byName,
    metrics: new ProcessMetrics(version),
    metricsToken: config.metricsToken,
    resourcesChanged: (organization, applied) =>
      syncAfter(foundation, pipelines, { organizationId: organization, applied }),
  }
}

/** A chat model that was noticed, with the YAML that connects it: for people to apply, never applied by itself. */
function offerOf({ provider, model, because }: NoticedProvider): SystemFacts['offers'][number] {
  const resources = [provider, model].map((r) => ({ ...r, project: 'default' }) as Resource)
  return { name: model.name, note: because, yaml: toYamlFile(resources) }
}
