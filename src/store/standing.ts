import { sql } from 'kysely'
import type { Tx } from './store.ts'

/** Beyond so many knowledge bases their epochs are read apart, for those that are asked. */
const maxBases = 200

/**
 * How far an organization's state has come, in one statement. Whatever was committed before it was read is known to
 * one who compares: the resources' epoch, the newest permission set, the epoch of each knowledge base.
 */
export interface Standing {
  resources: number
  permissionSets: number
  /** By knowledge base; a base that never held a document is absent. Undefined where there are too many. */
  knowledge: ReadonlyMap<string, number> | undefined
  /** Sources are being listed or documents read, or both wait for their turn. */
  reading: boolean
}

/** Reads all that a question must compare before it is answered from memory. */
export async function readStanding(tx: Tx): Promise<Standing> {
  const row = await tx
    .selectNoFrom((eb) => [
      eb.selectFrom('resource_epoch').select('epoch').as('resources'),
      eb
        .selectFrom('permission_set')
        .select((of) => of.fn.max('id').as('id'))
        .as('permissionSets'),
      eb
        .selectFrom((of) =>
          of
            .selectFrom('knowledge_epoch')
            .select(['knowledge_base', 'epoch'])
            .limit(maxBases + 1)
            .as('base'),
        )
        .select(
          sql<Record<string, number>>`json_object_agg(base.knowledge_base, base.epoch)`.as('all'),
        )
        .as('knowledge'),
      eb
        .exists(
          eb
            .selectFrom('job')
            .select('id')
            .where('kind', 'in', ['source-sync', 'ingest'])
            // Literals: by parameters the planner would not find the partial index.
            .where(sql<boolean>`state in ('queued', 'running', 'waiting')`),
        )
        .as('reading'),
    ])
    .executeTakeFirstOrThrow()
  const bases = Object.entries(row.knowledge ?? {})
  return {
    resources: row.resources ?? 0,
    permissionSets: row.permissionSets ?? 0,
    knowledge: bases.length > maxBases ? undefined : new Map(bases),
    reading: row.reading === true,
  }
}
