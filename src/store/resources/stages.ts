import {
  canonicalJson,
  PlinthError,
  type Principal,
  type Resource,
  type ResourceSpec,
} from '#kernel'
import type { Tx } from '../store.ts'
import type { CurrentRow } from './rows.ts'

type Model = ResourceSpec<'Model'>

/** How many people it takes to let a Model into production. */
export async function modelApprovers(tx: Tx): Promise<1 | 2> {
  const row = await tx
    .selectFrom('organization')
    .select('model_approvers')
    .executeTakeFirstOrThrow()
  return row.model_approvers === 2 ? 2 : 1
}

/** Whether production uses a Model of this stage. */
export function inProduction(stage: Model['stage']): boolean {
  return stage === undefined || stage === 'approved' || stage === 'deprecated'
}

/**
 * Where the organization wants two people: what production would use differently from now on was approved by the
 * second one. Leaving production needs one. @throws FORBIDDEN.
 */
export async function checkStages(
  tx: Tx,
  changed: readonly { resource: Resource; before: CurrentRow | undefined }[],
  { principal, approved }: { principal: Principal; approved?: boolean },
): Promise<void> {
  const entering = changed.find(({ resource, before }) => enters(resource, before))
  if (!entering || approved || principal.kind === 'system') return
  if ((await modelApprovers(tx)) === 1) return
  const { name } = entering.resource
  throw new PlinthError('FORBIDDEN', {
    detail: `Model/${name} would be used in production, which takes a second person here.`,
    where: `Model/${name} spec.stage`,
    remedy: `Write it with "stage: draft", then ask for its approval: plinth models promote ${name} --to approved`,
  })
}

function enters({ kind, spec }: Resource, before: CurrentRow | undefined): boolean {
  if (kind !== 'Model') return false
  const after = spec as Model
  if (!inProduction(after.stage)) return false
  const was = before && !before.deleted ? (before.spec as Model) : undefined
  if (!was || !inProduction(was.stage)) return true
  // Only towards its end, and only the stage.
  if (was.stage === 'deprecated' && after.stage !== 'deprecated') return true
  return contentOf(was) !== contentOf(after)
}

function contentOf({ stage: _, ...spec }: Model): string {
  return canonicalJson(spec)
}
