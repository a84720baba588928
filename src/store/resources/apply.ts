import {
  canonicalJson,
  digestOf,
  limits,
  PlinthError,
  type Principal,
  type Resource,
  type ResourceKind,
  type ResourceSpec,
} from '#kernel'
import type { Tx } from '../store.ts'
import { type By, eventBy, type ResourceEvent } from './by.ts'
import {
  checkResource,
  type Origin,
  problemAt,
  type ResourceInput,
  type ResourceProblem,
} from './check.ts'
import { diffText, type TextDiff } from './diff.ts'
import { throwProblems } from './parse.ts'
import { nearestName } from './reference-hints.ts'
import { referringKinds } from './references.ts'
import { checkRole, mayKnow, requireWrite } from './rights.ts'
import { bumpEpochs, type CurrentRow, currentRows, lockResources } from './rows.ts'
import { checkStages } from './stages.ts'
import { toYaml } from './to-yaml.ts'
import { World } from './world.ts'

export interface ApplyOptions extends By {
  /** Tells what would happen, and changes nothing. */
  dryRun?: boolean
  /** Somebody else approved it: Models may enter production by it. */
  approved?: boolean
  /** Kept with each new version. */
  message?: string
  /**
   * `Kind/name` to the revision the change is based on (If-Match); 0: it must not exist. Without one the last writer
   * wins, on the state that it reads under the lock.
   */
  expectedRevisions?: Readonly<Record<string, number>>
}

export interface Applied {
  kind: ResourceKind
  name: string
  outcome: 'created' | 'changed' | 'unchanged'
  revision: number
  digest: string
  /** Of the canonical YAML, against the version before. */
  diff: TextDiff
}

export interface ApplyOutcome {
  dryRun: boolean
  /** In the order given. */
  results: Applied[]
  /** Number of the last audit event; null where nothing changed. */
  auditSeq: number | null
}

interface Planned {
  resource: Resource
  origin: Origin | undefined
  before: CurrentRow | undefined
  result: Applied
}

/**
 * Makes resources so, all or none, in the caller's transaction: validates, checks rights, revisions and references,
 * and writes a new version of each that differs from its current one. Same content again changes nothing.
 *
 * @throws INVALID_INPUT with every problem (schema, duplicates, references, unknown project); CONFLICT where a
 * resource is not at its expected revision; FORBIDDEN where the principal may not write a kind in its project.
 */
export async function applyResources(
  tx: Tx,
  inputs: readonly ResourceInput[],
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const resources = checkedAll(inputs)
  const dryRun = options.dryRun ?? false
  if (resources.length === 0) return { dryRun, results: [], auditSeq: null }
  await lockResources(tx)
  const current = await currentRows(
    tx,
    resources.map(({ resource }) => resource),
  )
  const planned = resources.map(({ resource, origin }) => {
    const before = current.get(`${resource.kind}/${resource.name}`)
    checkRights(resource, before, options)
    return { resource, origin, before, result: resultOf(resource, before) }
  })
  checkRevisions(planned, options.expectedRevisions ?? {})
  await checkProjects(tx, planned)
  await checkCount(tx, planned)
  const changed = planned.filter(({ result }) => result.outcome !== 'unchanged')
  if (changed.length > 0) await checkReferences(tx, changed, options.principal)
  await checkStages(tx, changed, options)
  const results = planned.map(({ result }) => result)
  if (dryRun || changed.length === 0) return { dryRun, results, auditSeq: null }
  await write(tx, changed, options)
  const events = changed.map((plan) => appliedEvent(plan, options))
  const { first, count } = await options.appendAudit(tx, events)
  return { dryRun, results, auditSeq: first + count - 1 }
}

function checkedAll(
  inputs: readonly ResourceInput[],
): { resource: Resource; origin: Origin | undefined }[] {
  if (inputs.length > limits.resourcesPerApply) {
    throw new PlinthError('TOO_LARGE', {
      detail: `${inputs.length} resources are over resourcesPerApply (${limits.resourcesPerApply}).`,
      remedy: 'Apply them in several steps.',
    })
  }
  const problems = []
  const resources = []
  const seen = new Set<string>()
  for (const { origin, ...input } of inputs) {
    const checked = checkResource(input, origin)
    if (!('resource' in checked)) {
      problems.push(...checked.problems)
      continue
    }
    const key = `${checked.resource.kind}/${checked.resource.name}`
    if (seen.has(key)) {
      const detail = `${key} stands twice in what is applied.`
      problems.push(problemAt(origin, ['name'], { detail, remedy: 'Remove one of the two.' }))
    }
    seen.add(key)
    resources.push({ resource: checked.resource, origin })
  }
  throwProblems(problems)
  return resources
}

function checkRights(
  resource: Resource,
  before: CurrentRow | undefined,
  { principal }: ApplyOptions,
): void {
  requireWrite(principal, resource)
  const { kind, name } = resource
  if (before && !before.deleted) {
    // Names are of the whole organization: that one is taken cannot be hidden, but where it stands can.
    if (!mayKnow(principal, { kind, project: before.project })) throw nameTaken(kind, name)
    requireWrite(principal, { kind, project: before.project })
  }
  const spec = before && !before.deleted ? (before.spec as ResourceSpec<'Role'>) : undefined
  checkRole(resource, spec, principal)
}

function nameTaken(kind: ResourceKind, name: string): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail: `You may not write a ${kind} of the name "${name}".`,
    remedy: 'Choose another name.',
  })
}

function resultOf(resource: Resource, before: CurrentRow | undefined): Applied {
  const { kind, name, project, spec } = resource
  const digest = digestOf({ kind, name, project, spec })
  const live = before && !before.deleted ? before : undefined
  const outcome = !live ? 'created' : live.digest === digest ? 'unchanged' : 'changed'
  const revision = outcome === 'unchanged' ? live!.revision : (before?.revision ?? 0) + 1
  const from = live && outcome === 'changed' ? toYaml(live) : ''
  const to = outcome === 'unchanged' ? '' : toYaml(resource)
  const names = {
    from: live ? `${kind}/${name}@${live.revision}` : '/dev/null',
    to: `${kind}/${name}@${revision}`,
  }
  return { kind, name, outcome, revision, digest, diff: diffText(from, to, names) }
}

function checkRevisions(
  planned: readonly Planned[],
  expected: Readonly<Record<string, number>>,
): void {
  const known = new Set<string>()
  for (const { resource, before } of planned) {
    const key = `${resource.kind}/${resource.name}`
    known.add(key)
    if (!Object.hasOwn(expected, key)) continue
    requireRevision(before, { key, expected: expected[key] as number })
  }
  for (const key of Object.keys(expected)) {
    if (!known.has(key)) {
      throw new PlinthError('INVALID_INPUT', {
        detail: `expectedRevisions names ${key}, which is not among what is applied.`,
      })
    }
  }
}

/** Throws CONFLICT unless a resource is at the revision its writer read. */
export function requireRevision(
  row: CurrentRow | undefined,
  { key, expected }: { key: string; expected: number },
): void {
  const current = row && !row.deleted ? row.revision : 0
  if (expected === current) return
  throw new PlinthError('CONFLICT', {
    detail:
      current === 0
        ? `${key} does not exist (any more); the change was based on revision ${expected}.`
        : `${key} is at revision ${current}; the change was based on ${expected === 0 ? 'there being none' : `revision ${expected}`}.`,
    where: key,
    remedy: `Read revision ${current} of it, apply the change to that and send it again.`,
  })
}

/** Every snapshot holds all resources of its organization in memory. Throws TOO_LARGE. */
async function checkCount(tx: Tx, planned: readonly Planned[]): Promise<void> {
  const added = planned.filter(({ result }) => result.outcome === 'created').length
  if (added === 0) return
  const row = await tx
    .selectFrom('resource')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow()
  const count = Number(row.n) + added
  if (count <= limits.resourcesPerOrganization) return
  throw new PlinthError('TOO_LARGE', {
    detail: `This would make ${count} resources; the limit is ${limits.resourcesPerOrganization} (resourcesPerOrganization).`,
    remedy: 'Delete what is no longer used.',
  })
}

/** `default` always exists; another project has to be made first. */
async function checkProjects(tx: Tx, planned: readonly Planned[]): Promise<void> {
  const wanted = new Set(planned.map(({ resource }) => resource.project))
  wanted.delete('default')
  if (wanted.size === 0) return
  const rows = await tx
    .selectFrom('project')
    .select('name')
    .where('name', 'in', [...wanted])
    .execute()
  for (const { name } of rows) wanted.delete(name)
  throwProblems(
    planned
      .filter(({ resource }) => wanted.has(resource.project))
      .map(({ resource, origin }) =>
        problemAt(origin, ['project'], {
          detail: `There is no project "${resource.project}".`,
          remedy: 'Create the project first, or correct its name.',
        }),
      ),
  )
}

/** Lays the changes over what is stored and looks for references of theirs that lead nowhere. */
async function checkReferences(
  tx: Tx,
  changed: readonly Planned[],
  writer: Principal,
): Promise<void> {
  // What refers to nothing cannot break a reference: names stay, versions are only added.
  if (!changed.some(({ resource }) => referringKinds.includes(resource.kind))) return
  const world = await World.load(tx, referringKinds)
  const origins = new Map<object, Origin | undefined>()
  for (const { resource, origin, result } of changed) {
    const version = { ...resource, revision: result.revision, digest: result.digest }
    world.put(version)
    origins.set(version, origin)
  }
  await world.loadPinned(tx)
  throwProblems(danglingProblems(world, origins, writer))
}

/** References of these versions that lead nowhere. */
export function danglingProblems(
  world: World,
  origins: ReadonlyMap<object, Origin | undefined>,
  writer: Principal,
): ResourceProblem[] {
  return world
    .dangling()
    .filter(({ from }) => origins.has(from))
    .map(({ from, reference }) =>
      problemAt(origins.get(from), reference.path, {
        detail: `${from.kind}/${from.name} refers to ${reference.kind} "${reference.text}", which does not exist.`,
        remedy: nearestName(world, reference, writer),
      }),
    )
}

async function write(tx: Tx, changed: readonly Planned[], options: ApplyOptions): Promise<void> {
  await bumpEpochs(tx, { access: changed.some(({ resource }) => resource.kind === 'Role') })
  for (let i = 0; i < changed.length; i += 500) {
    const part = changed.slice(i, i + 500)
    await tx
      .insertInto('resource')
      .values(
        part.map(({ resource: { kind, name, project }, result: { revision, digest } }) => ({
          kind,
          name,
          project,
          revision,
          digest,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['organization_id', 'kind', 'name']).doUpdateSet((eb) => ({
          project: eb.ref('excluded.project'),
          revision: eb.ref('excluded.revision'),
          digest: eb.ref('excluded.digest'),
          deleted_at: null,
          updated_at: eb.fn<Date>('now'),
        })),
      )
      .execute()
    await tx
      .insertInto('resource_version')
      .values(
        part.map(({ resource, result }) => ({
          kind: resource.kind,
          name: resource.name,
          project: resource.project,
          revision: result.revision,
          digest: result.digest,
          spec: canonicalJson(resource.spec),
          message: options.message ?? '',
          created_by: options.principal.id,
        })),
      )
      .execute()
  }
}

function appliedEvent({ result, before, resource }: Planned, options: ApplyOptions): ResourceEvent {
  const { kind, name, outcome, revision, digest, diff } = result
  return eventBy(options, {
    kind: 'resource.applied',
    target: { kind, id: name },
    details: {
      outcome,
      revision,
      digest,
      project: resource.project,
      ...(before && !before.deleted && { previousDigest: before.digest }),
      linesAdded: diff.added,
      linesRemoved: diff.removed,
      ...(options.message && { message: options.message }),
    },
  })
}
