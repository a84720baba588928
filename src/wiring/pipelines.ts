import { join } from 'node:path'
import { FolderObjectStore, parserChildPath } from '#adapters'
import type { AnswerHouse } from '#apps'
import type { Config } from '#config'
import {
  BaseLanguages,
  createParserPool,
  embedMissing,
  IndexKeeper,
  type IngestHouse,
  indexedBase,
  ingestBatch,
  Offload,
  type ParserPool,
  ResourceReader,
  SearchWorkers,
  SourceSchedule,
  StoredIndexes,
  syncSource,
} from '#data'
import { systemActor } from '#governance'
import { limits, type Resource, systemClock } from '#kernel'
import { BoundedCache } from '#models'
import type { Embedder, ObjectStore } from '#ports'
import { JobWorker, type SnapshotCache, type Store } from '#store'
import type { Chat } from './chat.ts'
import type { Embedders } from './embedders.ts'
import { openFolderSource } from './folders.ts'
import type { Foundation, Log } from './foundation.ts'
import { may, modelWork } from './model-work.ts'

/** The two pipelines with what they run on, and the work in the background. */
export interface Pipelines {
  objects: ObjectStore
  ingest: IngestHouse
  answer: AnswerHouse
  jobs: JobWorker
  schedule: SourceSchedule
  search: SearchWorkers
  indexKeeper: IndexKeeper
  resourceReader: ResourceReader
  close(): Promise<void>
}

interface Parts {
  config: Config
  embedders: Embedders
  chat: Chat
  log: Log
}

/** Builds ingestion and answering over the foundation. Nothing runs yet. */
export function openPipelines(foundation: Foundation, parts: Parts): Pipelines {
  const { config, embedders, chat } = parts
  const { store, snapshots, sealer, authorizer } = foundation
  const objects = new FolderObjectStore(join(config.dataDir, 'objects'))
  const search = new SearchWorkers({ memoryBytes: config.indexMemoryMb * 1024 * 1024 })
  const parser = createParserPool({ childPath: parserChildPath(), size: config.parsers })
  const offload = new Offload({ threads: 1 })
  const resourceReader = new ResourceReader()
  const embedder = embedderFor(embedders)
  const ingest = ingestHouse(foundation, { config, objects, parser, offload, embedder })
  const jobs = jobWorker(foundation, ingest, { ...parts, answers: () => answer })
  const answer: AnswerHouse = {
    store,
    clock: systemClock,
    sealer,
    authorizer,
    snapshots,
    search,
    storedIndexes: storedIndexes(store, objects, parts.log),
    embedder,
    languages: new BaseLanguages(store),
    recalled: new BoundedCache(limits.answerCacheBytes),
    models: { catalog: chat.catalog, router: chat.router },
  }
  return {
    objects,
    ingest,
    answer,
    jobs,
    schedule: sourceSchedule(foundation, ingest, { jobs, log: parts.log }),
    search,
    indexKeeper: indexKeeper(answer, parts.log),
    resourceReader,
    close: async () => {
      const rest = [parser.close(), offload.close(), resourceReader.close()]
      await Promise.all([search.close(), ...rest])
    },
  }
}

function storedIndexes(store: Store, objects: ObjectStore, log: Log): StoredIndexes {
  return new StoredIndexes({
    store,
    objects,
    onFault: (message) => log({ level: 'warn', message }),
  })
}

function indexKeeper(house: AnswerHouse, log: Log): IndexKeeper {
  const { store, search, storedIndexes, snapshots } = house
  return new IndexKeeper({
    store,
    search,
    storedIndexes,
    bases: async (organizationId) => {
      const snapshot = await snapshots.get(organizationId)
      const bases = snapshot.list('KnowledgeBase')
      return bases.map((base) => indexedBase(organizationId, base, house.embedder(base)))
    },
    onFault: (error) => log({ level: 'warn', message: `keeping indexes: ${String(error)}` }),
  })
}

function ingestHouse(
  foundation: Foundation,
  given: {
    config: Config
    objects: ObjectStore
    parser: ParserPool
    offload: Offload
    embedder: IngestHouse['embedder']
  },
): IngestHouse {
  const { store, snapshots, sealer } = foundation
  return {
    store,
    objects: given.objects,
    clock: systemClock,
    sealer,
    parser: given.parser,
    offload: given.offload,
    embedder: given.embedder,
    source: (organizationId, name) => sourceWithBase(snapshots, organizationId, name),
    openSource: (source) => openFolderSource(source, given.config),
    mayWrite: (organizationId, actor) =>
      may(foundation, organizationId, { actor, permission: 'documents.write' }),
  }
}

function jobWorker(
  foundation: Foundation,
  ingest: IngestHouse,
  { config, log, answers }: Parts & { answers: () => AnswerHouse },
): JobWorker {
  const base = async (organizationId: string, name: string) =>
    (await foundation.snapshots.get(organizationId)).resolve('KnowledgeBase', name)
  return new JobWorker({
    store: foundation.store,
    concurrency: Math.max(1, config.workers),
    alone: config.databaseUrl === '',
    handlers: {
      'source-sync': (context) => syncSource(context, ingest),
      ingest: (context) => ingestBatch(context, ingest),
      embed: (context) => embedMissing(context, { ...ingest, base }),
      ...modelWork(foundation, answers),
    },
    onFault: (job, error) =>
      log({
        level: 'warn',
        message: `job ${job.kind} ${job.id}: ${error.message}`,
        cause: error.stack,
      }),
  })
}

function sourceSchedule(
  { store, snapshots }: Foundation,
  ingest: IngestHouse,
  { jobs, log }: { jobs: JobWorker; log: Log },
): SourceSchedule {
  return new SourceSchedule({
    store,
    organizations: async () => {
      const rows = await store.system((tx) =>
        tx.selectFrom('organization').select('organization_id').limit(10_000).execute(),
      )
      return rows.map((row) => row.organization_id)
    },
    snapshot: (organizationId) => snapshots.get(organizationId),
    openSource: ingest.openSource,
    actor: systemActor,
    added: () => jobs.nudge(),
    onFault: (error) => log({ level: 'warn', message: `watching sources: ${String(error)}` }),
  })
}

/** `default` takes the server's embedder, `none` stays lexical, a name takes that model where it is there. */
function embedderFor(embedders: Embedders) {
  return (base: Resource<'KnowledgeBase'>): Embedder | undefined => {
    const wanted = base.spec.embedder
    if (wanted === 'none') return undefined
    return wanted === 'default' ? embedders.default : embedders.byName.get(wanted)
  }
}

async function sourceWithBase(snapshots: SnapshotCache, organizationId: string, name: string) {
  const snapshot = await snapshots.get(organizationId)
  const source = snapshot.get('Source', name)
  const base = source && snapshot.get('KnowledgeBase', source.spec.knowledgeBase)
  return base ? { source, base } : undefined
}
