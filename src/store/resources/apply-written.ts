import { holds } from '#kernel'
import type { Tx } from '../store.ts'
import { type ApplyOptions, type ApplyOutcome, applyResources, danglingProblems } from './apply.ts'
import type { Origin, ResourceProblem } from './check.ts'
import { type ParsedResources, throwProblems } from './parse.ts'
import { referringKinds } from './references.ts'
import { writePermission } from './rights.ts'
import { World } from './world.ts'

/**
 * Applies resources as somebody wrote them: all or none (see `applyResources`). What is wrong with them comes at once:
 * where something is not valid, references that lead nowhere are among the findings too.
 * @throws as `applyResources`.
 */
export async function applyWritten(
  tx: Tx,
  parsed: ParsedResources,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  if (parsed.problems.length > 0) {
    const more = await referenceProblems(tx, parsed, options)
    const all = [...parsed.problems, ...more]
    throwProblems(all.sort((a, b) => a.line - b.line || a.column - b.column).slice(0, mostProblems))
  }
  return applyResources(tx, parsed.resources, options)
}

const mostProblems = 100

/** Only of what the writer may write: the remedies name what exists. */
async function referenceProblems(
  tx: Tx,
  { resources, refused }: ParsedResources,
  { principal }: ApplyOptions,
): Promise<ResourceProblem[]> {
  const written = [...resources, ...refused].filter(({ kind, project }) =>
    holds(principal, writePermission(kind), project),
  )
  if (!written.some(({ kind }) => referringKinds.includes(kind))) return []
  const world = await World.load(tx, referringKinds)
  const origins = new Map<object, Origin>()
  for (const { origin, ...resource } of written) {
    const version = { ...resource, revision: unwritten, digest: '' }
    world.put(version as Parameters<World['put']>[0])
    origins.set(version, origin)
  }
  await world.loadPinned(tx)
  return danglingProblems(world, origins, principal)
}

/** No stored version has this number. */
const unwritten = 0
