import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#config'
import { systemPrincipal } from '#kernel'
import { applyResources, parseResourcesStrictly } from '#store'
import { buildHouse, type House } from '#wiring'
import { BenchError, modelsFolder } from './options.ts'

export interface BenchHouse {
  house: House
  organizationId: string
  root: string
  /** Name of the embedder that is used, or null. */
  embedder: string | null
  apply(yaml: string): Promise<void>
  close(): Promise<void>
}

/**
 * A whole Plinth in this process, on an empty data directory that is removed afterwards. `embedder`: part of a model's
 * name is enough; `none` leaves the dense leg off; absent means what the server itself would take.
 */
export async function openBenchHouse(options: {
  embedder?: string | undefined
}): Promise<BenchHouse> {
  const root = await mkdtemp(join(tmpdir(), 'plinth-bench-'))
  const models = modelsFolder()
  const config = readConfig({
    PLINTH_DATA_DIR: join(root, 'data'),
    PLINTH_PORT: '0',
    PLINTH_SAMPLE: 'off',
    PLINTH_EMBEDDER: options.embedder === 'none' ? 'none' : 'auto',
    ...(models ? { PLINTH_MODELS_DIR: models } : {}),
    ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
  })
  const log = (entry: Record<string, unknown>) => console.error(JSON.stringify(entry))
  const house = await buildHouse(config, { env: {}, log })
  const embedder = chooseEmbedder(house, options.embedder)
  const { store, organizationId, appendAudit } = house.foundation
  return {
    house,
    organizationId,
    root,
    embedder,
    apply: async (yaml) => {
      const resources = parseResourcesStrictly([{ file: 'bench.yaml', text: yaml }])
      const by = { principal: systemPrincipal, appendAudit }
      await store.within(organizationId, (tx) => applyResources(tx, resources, by))
    },
    close: async () => {
      await house.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

function chooseEmbedder(house: House, wanted: string | undefined): string | null {
  if (wanted === 'none') return null
  if (wanted === undefined || wanted === 'auto') return house.embedders.default?.id ?? null
  const names = [...house.embedders.byName.keys()]
  const exact = names.find((name) => name === wanted)
  const alike = names.filter((name) => name.toLowerCase().includes(wanted.toLowerCase()))
  const found = exact ?? (alike.length === 1 ? alike[0] : undefined)
  if (found) return found
  const there = names.join(', ') || 'none'
  throw new BenchError(
    `No embedding model "${wanted}" is there (PLINTH_MODELS_DIR). There: ${there}.`,
  )
}

/** Job counts by state, and documents by state. */
export async function workLeft(
  bench: BenchHouse,
): Promise<{ jobs: number; ready: number; failed: number }> {
  return bench.house.foundation.store.read(bench.organizationId, async (tx) => {
    const jobs = await tx
      .selectFrom('job')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', 'in', ['queued', 'running', 'waiting'])
      .executeTakeFirstOrThrow()
    const states = await tx
      .selectFrom('document')
      .select(['state', (eb) => eb.fn.countAll<number>().as('n')])
      .groupBy('state')
      .execute()
    const of = (state: string) => Number(states.find((row) => row.state === state)?.n ?? 0)
    return { jobs: Number(jobs.n), ready: of('ready'), failed: of('failed') }
  })
}
