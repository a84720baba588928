import { join } from 'node:path'
import type { Config } from '#config'
import { type Resource, toPlinthError } from '#kernel'
import { type DoctorDeps, type ProviderState, runDoctor, type Upkeep, writeBackup } from '#ops'
import type { ObjectStore } from '#ports'
import type { PgliteEngine } from '#store'
import type { Chat } from './chat.ts'
import { dialectOf } from './dialects.ts'
import type { Embedders } from './embedders.ts'
import type { Foundation } from './foundation.ts'
import type { Pipelines } from './pipelines.ts'

export interface UpkeepParts {
  config: Config
  version: string
  foundation: Foundation
  objects: ObjectStore
  embedders: Pick<Embedders, 'default' | 'off'>
  chat: Chat
  /** Absent where nothing is running. */
  pipelines?: Pipelines
}

/** Checks and backups over what is open. */
export function upkeepOf(parts: UpkeepParts): Upkeep {
  const { config, foundation, objects, version } = parts
  return {
    doctor: ({ organizationIds, fsck, signal }) =>
      runDoctor(doctorDeps(parts, organizationIds), { fsck, ...(signal ? { signal } : {}) }),
    backup: () => {
      const { engine } = foundation
      return writeBackup({
        version,
        engine: engine.name,
        createdAt: new Date(),
        dataDir: config.dataDir,
        objects,
        keyFiles: keyFilesOf(config).map(({ path }) => path),
        ...(engine.name === 'pglite' ? { dump: () => (engine as PgliteEngine).dump() } : {}),
      })
    },
  }
}

/** The files that hold keys, and whether this machine must have them. */
export function keyFilesOf(config: Config) {
  return [
    { name: 'master key', path: config.masterKeyFile, required: true },
    { name: 'audit signing key', path: join(config.dataDir, 'audit.key'), required: true },
    { name: 'owner key file', path: config.adminKeyFile, required: false },
  ]
}

function doctorDeps(parts: UpkeepParts, organizationIds: readonly string[]): DoctorDeps {
  const { config, foundation, objects, embedders, pipelines } = parts
  return {
    store: foundation.store,
    organizationIds,
    objects,
    sealer: foundation.sealer,
    now: () => new Date(),
    paths: {
      dataDir: config.dataDir,
      modelsDir: config.modelsDir,
      keyFiles: keyFilesOf(config),
      ...(config.databaseUrl ? {} : { lockFile: join(config.dataDir, 'plinth.lock') }),
    },
    embedding: { embedder: embedders.default?.id ?? null, off: embedders.off },
    providers: () => providerStates(parts, organizationIds),
    working: pipelines !== undefined && config.workers > 0,
    ...(pipelines
      ? {
          indexes: async () => (await pipelines.search.stats()).indexes,
          signerProblems: () => foundation.signer.problems(),
        }
      : {}),
  }
}

type Provider = Resource<'Provider'>

async function providerStates(
  { foundation, chat }: UpkeepParts,
  organizationIds: readonly string[],
): Promise<ProviderState[]> {
  const states: ProviderState[] = []
  for (const organizationId of organizationIds) {
    const snapshot = await foundation.snapshots.get(organizationId)
    const remote = snapshot.list('Provider').filter((one) => one.spec.protocol !== 'extractive')
    states.push(...(await Promise.all(remote.map((one) => probe(one, chat)))))
  }
  return states
}

const probeTimeouts = { totalMs: 5_000, firstByteMs: 5_000, idleMs: 5_000 }

/** Lists the endpoint's models: costs nothing, and shows address and key to be right. */
async function probe({ name, spec }: Provider, chat: Chat): Promise<ProviderState> {
  const keys = [...(spec.apiKey ? [spec.apiKey] : []), ...(spec.keys ?? [])]
  const unset = keys.filter(({ env }) => chat.secret(env) === undefined).map(({ env }) => env)
  if (unset.length > 0) {
    return { name, problem: `the environment variable ${unset.join(', ')} is not set` }
  }
  const key = keys[0] && chat.secret(keys[0].env)
  const dialect = dialectOf(spec.protocol)
  if (!dialect?.passThrough.models) return { name, note: 'has no list of models to ask for' }
  const { baseUrl = '', headers: given } = spec
  const endpoint = dialect.endpoint({
    baseUrl,
    headers: given,
    outbound: chat.outbound,
    ...(key === undefined ? {} : { apiKey: key }),
  })
  let url = baseUrl
  try {
    const addressed = await endpoint.address(dialect.passThrough.models, '')
    url = addressed.url
    const { 'content-type': _, ...headers } = addressed.headers
    const answer = await chat.outbound.request({
      method: 'GET',
      url,
      headers,
      timeouts: probeTimeouts,
      maxBytes: 4_000_000,
      ...(spec.allowPrivate ? { allowPrivate: spec.allowPrivate } : {}),
    })
    for await (const _ of answer.body) break
    if (answer.status === 401 || answer.status === 403) {
      return { name, problem: `${url} refuses the key (${answer.status})` }
    }
    if (answer.status >= 500) return { name, problem: `${url} answers ${answer.status}` }
    return { name, note: `${url} answers ${answer.status}` }
  } catch (error) {
    return { name, problem: `${url}: ${toPlinthError(error).message}` }
  }
}
