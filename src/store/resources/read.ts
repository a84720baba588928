import {
  limits,
  PlinthError,
  type Principal,
  type Resource,
  type ResourceKind,
  type ResourceVersion,
} from '#kernel'
import type { Tx } from '../store.ts'
import { diffText, type TextDiff } from './diff.ts'
import { mayRead, readableProjects } from './rights.ts'
import { isName, notFound, versionOf } from './rows.ts'
import { toYaml } from './to-yaml.ts'

/** Who reads. Resources of projects where they may not are as if absent. */
export interface Viewer {
  principal: Principal
}

export interface ResourceKey {
  kind: ResourceKind
  name: string
}

/** Which version is meant; the current one where nothing is named. */
export interface VersionChoice {
  label?: string
  digest?: string
  revision?: number
}

export interface StoredResource extends ResourceVersion {
  /** Of the resource, whatever version this is. */
  currentRevision: number
  deleted: boolean
}

/** One version of a resource. Throws NOT_FOUND; a deleted resource is found by digest or revision only. */
export async function getResource(
  tx: Tx,
  { kind, name, ...choice }: ResourceKey & VersionChoice,
  viewer: Viewer,
): Promise<StoredResource> {
  const found = await findResource(tx, { kind, name }, choice)
  if (!found || !mayRead(viewer.principal, found.project))
    throw notFound(kind, versionName(name, choice))
  return found
}

/** The same without the check of rights, for the server's own use. */
export async function findResource(
  tx: Tx,
  { kind, name }: ResourceKey,
  choice: VersionChoice = {},
): Promise<StoredResource | undefined> {
  if (!isName(name) || !isPossible(choice)) return undefined
  const row = await resourceRow(tx, { kind, name })
  if (!row) return undefined
  const pinned = choice.digest !== undefined || choice.revision !== undefined
  if (row.deleted_at !== null && !pinned) return undefined
  const labels = await labelsOf(tx, { kind, name })
  const { label } = choice
  const labelled =
    label === undefined ? undefined : [...labels].find(([, all]) => all.includes(label))?.[0]
  const revision =
    choice.revision ?? (label === undefined || label === 'latest' ? row.revision : labelled)
  if (choice.digest === undefined && revision === undefined) return undefined
  const base = tx
    .selectFrom('resource_version')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
  const version = await (choice.digest === undefined
    ? base.where('revision', '=', revision as number)
    : base.where('digest', '=', choice.digest).orderBy('revision', 'desc')
  )
    .limit(1)
    .executeTakeFirst()
  if (!version) return undefined
  return {
    ...versionOf(version, labels.get(version.revision) ?? []),
    currentRevision: row.revision,
    deleted: row.deleted_at !== null,
  }
}

function resourceRow(tx: Tx, { kind, name }: ResourceKey) {
  return tx
    .selectFrom('resource')
    .select(['revision', 'project', 'deleted_at'])
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** Whether the database could hold this choice at all; what it cannot hold is not there. */
function isPossible({ digest, revision }: VersionChoice): boolean {
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) return false
  return (
    revision === undefined || (Number.isInteger(revision) && revision > 0 && revision < 2 ** 31)
  )
}

/** `name@pin`, as people write it. */
export function versionName(name: string, { label, digest, revision }: VersionChoice): string {
  const pin = digest ?? revision ?? label
  return pin === undefined ? name : `${name}@${pin}`
}

async function labelsOf(tx: Tx, { kind, name }: ResourceKey): Promise<Map<number, string[]>> {
  const rows = await tx
    .selectFrom('resource_label')
    .select(['label', 'revision'])
    .where('kind', '=', kind)
    .where('name', '=', name)
    .orderBy('label')
    .execute()
  const labels = new Map<number, string[]>()
  for (const { label, revision } of rows) {
    labels.set(revision, [...(labels.get(revision) ?? []), label])
  }
  return labels
}

export interface Page<T> {
  items: T[]
  /** Give it back for the page after this one; null on the last. */
  nextCursor: string | null
}

export interface ListOptions extends Viewer {
  kind?: ResourceKind
  project?: string
  /** In names and descriptions, whatever their case. */
  search?: string
  cursor?: string
  /** Default `limits.pageSizeDefault`, at most `limits.pageSizeMax`. */
  limit?: number
}

export interface ResourceSummary extends Omit<ResourceVersion, 'createdAt' | 'createdBy'> {
  updatedAt: string
  updatedBy: string
}

/** Current versions by kind and name, a page at a time. */
export async function listResources(tx: Tx, options: ListOptions): Promise<Page<ResourceSummary>> {
  const projects = readableProjects(options.principal)
  if (projects !== 'all' && projects.length === 0) return { items: [], nextCursor: null }
  if (options.project !== undefined && !isName(options.project))
    return { items: [], nextCursor: null }
  const limit = pageSize(options.limit)
  let query = tx
    .selectFrom('resource as r')
    .innerJoin('resource_version as v', (join) =>
      join
        .onRef('v.kind', '=', 'r.kind')
        .onRef('v.name', '=', 'r.name')
        .onRef('v.revision', '=', 'r.revision'),
    )
    .selectAll('v')
    .where('r.deleted_at', 'is', null)
    .orderBy('r.kind')
    .orderBy('r.name')
    .limit(limit + 1)
  if (options.kind) query = query.where('r.kind', '=', options.kind)
  if (options.project) query = query.where('r.project', '=', options.project)
  if (projects !== 'all') query = query.where('r.project', 'in', projects)
  if (options.search) {
    const like = `%${options.search.replaceAll('\0', '').replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) =>
      eb.or([
        eb('r.name', 'ilike', like),
        eb(eb.ref('v.spec', '->>').key('description' as never), 'ilike', like),
      ]),
    )
  }
  if (options.cursor !== undefined) {
    const [kind, name] = readCursor(options.cursor, ['string', 'string']) as [string, string]
    query = query.where((eb) =>
      eb.or([eb('r.kind', '>', kind), eb.and([eb('r.kind', '=', kind), eb('r.name', '>', name)])]),
    )
  }
  const rows = await query.execute()
  const page = rows.slice(0, limit)
  const labels = await labelsOfAll(tx, page)
  const last = page.at(-1)
  return {
    items: page.map((row) => {
      const { createdAt, createdBy, ...version } = versionOf(
        row,
        labels.get(`${row.kind}/${row.name}/${row.revision}`) ?? [],
      )
      return { ...version, updatedAt: createdAt, updatedBy: createdBy }
    }),
    nextCursor: rows.length > limit && last ? writeCursor([last.kind, last.name]) : null,
  }
}

async function labelsOfAll(
  tx: Tx,
  rows: readonly { kind: string; name: string }[],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  if (rows.length === 0) return found
  const labels = await tx
    .selectFrom('resource_label')
    .select(['kind', 'name', 'label', 'revision'])
    .where('name', 'in', [...new Set(rows.map(({ name }) => name))])
    .orderBy('label')
    .execute()
  for (const { kind, name, label, revision } of labels) {
    const key = `${kind}/${name}/${revision}`
    found.set(key, [...(found.get(key) ?? []), label])
  }
  return found
}

export interface HistoryEntry {
  revision: number
  digest: string
  message: string
  createdAt: string
  createdBy: string
  labels: string[]
  current: boolean
}

/** Versions of a resource, newest first, also of a deleted one. Throws NOT_FOUND. */
export async function resourceHistory(
  tx: Tx,
  { kind, name }: ResourceKey,
  options: Viewer & { cursor?: string; limit?: number },
): Promise<Page<HistoryEntry>> {
  const row = isName(name) ? await resourceRow(tx, { kind, name }) : undefined
  if (!row || !mayRead(options.principal, row.project)) throw notFound(kind, name)
  const limit = pageSize(options.limit)
  let query = tx
    .selectFrom('resource_version')
    .select(['revision', 'digest', 'message', 'created_by', 'created_at'])
    .where('kind', '=', kind)
    .where('name', '=', name)
    .orderBy('revision', 'desc')
    .limit(limit + 1)
  if (options.cursor !== undefined) {
    const [before] = readCursor(options.cursor, ['number']) as [number]
    query = query.where('revision', '<', before)
  }
  const rows = await query.execute()
  const labels = await labelsOf(tx, { kind, name })
  const items = rows.slice(0, limit).map((version) => ({
    revision: version.revision,
    digest: version.digest,
    message: version.message,
    createdAt: version.created_at.toISOString(),
    createdBy: version.created_by,
    labels: labels.get(version.revision) ?? [],
    current: row.deleted_at === null && version.revision === row.revision,
  }))
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? writeCursor([last.revision]) : null }
}

/** How two versions of a resource differ, in canonical YAML. Throws NOT_FOUND. */
export async function diffVersions(
  tx: Tx,
  at: ResourceKey & { from: VersionChoice; to: VersionChoice },
  viewer: Viewer,
): Promise<TextDiff & { fromRevision: number; toRevision: number }> {
  const { kind, name } = at
  const from = await getResource(tx, { kind, name, ...at.from }, viewer)
  const to = await getResource(tx, { kind, name, ...at.to }, viewer)
  const names = {
    from: `${kind}/${name}@${from.revision}`,
    to: `${kind}/${name}@${to.revision}`,
  }
  const diff = diffText(toYaml(from as Resource), toYaml(to as Resource), names)
  return { ...diff, fromRevision: from.revision, toRevision: to.revision }
}

/** A page size within its limits. Throws INVALID_INPUT. */
export function pageSize(limit: number = limits.pageSizeDefault): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limits.pageSizeMax) return limit
  throw new PlinthError('INVALID_INPUT', {
    detail: `A page of ${limit} is not possible.`,
    remedy: `Ask for 1 to ${limits.pageSizeMax}.`,
  })
}

/** An opaque cursor of the last row's sort keys. */
export function writeCursor(keys: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/** The sort keys of a cursor. Throws INVALID_INPUT for anything that `writeCursor` did not make. */
export function readCursor(
  cursor: string,
  types: readonly ('string' | 'number')[],
): (string | number)[] {
  try {
    const keys = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown
    const fits = (value: unknown, i: number) =>
      typeof value === types[i] &&
      (typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))) &&
      (typeof value !== 'number' || (value | 0) === value)
    if (Array.isArray(keys) && keys.length === types.length && keys.every(fits)) return keys
  } catch {
    // Falls through to the one error for every cursor that is not ours.
  }
  throw new PlinthError('INVALID_INPUT', {
    detail: 'The cursor is not one that this list gave.',
    remedy: 'Start again without a cursor.',
  })
}
