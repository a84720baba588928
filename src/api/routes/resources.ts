import { z } from 'zod'
import { actorNames } from '#governance'
import { type ResourceKind, resourceKinds } from '#kernel'
import {
  type ApplyOutcome,
  applyWritten,
  deleteResource,
  diffVersions,
  getResource,
  listResources,
  removeLabel,
  resourceHistory,
  rollbackResource,
  type StoredResource,
  setLabel,
  toYaml,
  type VersionChoice,
} from '#store'
import {
  applyRequest,
  applyResult,
  resourceHistory as historyPage,
  resourceDetail,
  resourceKind,
  resourcePage,
  resourceQuery,
} from '../contract/administration.ts'
import { acknowledged, paging } from '../contract/basics.ts'
import { actingOf } from '../http/acting.ts'
import { route } from '../http/route.ts'
import { definedOnly } from './people.ts'

const tag = 'Resources'
const base = '/api/v1/resources/:kind/:name'
const named = z.object({ kind: resourceKind, name: z.string() })
const labelled = named.extend({ label: z.string() })

/** The store looks at the project of each resource, and at `roles.write` for roles. */
const inProject = { inProject: true } as const
const writing = { inProject: true, permissions: ['roles.write'] } as const

export const resourceRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/resources',
    permission: 'resources.read',
    orElse: inProject,
    summary: 'Current resources',
    tag,
    query: resourceQuery,
    response: resourcePage,
    async handler({ context, query }, house) {
      const { principal } = context
      return house.store.read(context.organizationId, async (tx) => {
        const page = await listResources(tx, { ...definedOnly(query), principal })
        const by = page.items.map(({ updatedBy }) => updatedBy)
        const nameOf = await actorNames(tx, by, { principal })
        const items = page.items.map((one) => ({
          kind: one.kind,
          name: one.name,
          project: one.project,
          revision: one.revision,
          digest: one.digest,
          labels: one.labels,
          updatedAt: one.updatedAt,
          updatedBy: one.updatedBy,
          updatedByName: nameOf(one.updatedBy),
        }))
        return { items, nextCursor: page.nextCursor }
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/resources',
    permission: 'resources.write',
    orElse: writing,
    summary: 'Apply YAML: all of it or none',
    tag,
    body: applyRequest,
    response: applyResult,
    async handler({ context, body }, house) {
      const parsed = await house.resourceReader.read({ file: body.file, text: body.yaml })
      const outcome = await house.store.within(context.organizationId, (tx) =>
        applyWritten(tx, parsed, {
          ...actingOf(house, context),
          dryRun: body.dryRun,
          message: body.message,
          ...(body.expectedRevisions ? { expectedRevisions: body.expectedRevisions } : {}),
        }),
      )
      if (!outcome.dryRun) await house.resourcesChanged(context.organizationId, outcome.results)
      return resultOf(outcome)
    },
  }),
  route({
    method: 'GET',
    path: base,
    permission: 'resources.read',
    orElse: inProject,
    summary: 'One resource, or the version that a label, digest or revision names',
    tag,
    params: named,
    query: z.object({ version: z.string().max(100).optional() }),
    response: resourceDetail,
    async handler({ context, params, query }, house) {
      const viewer = { principal: context.principal }
      return house.store.read(context.organizationId, async (tx) => {
        const choice = choiceOf(query.version)
        const found = await getResource(tx, { ...params, ...choice }, viewer)
        const nameOf = await actorNames(tx, [found.createdBy], viewer)
        return { ...detailOf(found), updatedByName: nameOf(found.createdBy) }
      })
    },
  }),
  route({
    method: 'DELETE',
    path: base,
    permission: 'resources.write',
    orElse: writing,
    summary: 'Delete a resource that nothing refers to; its history stays',
    tag,
    params: named,
    response: acknowledged,
    async handler({ context, params }, house) {
      const { auditSeq } = await house.store.within(context.organizationId, (tx) =>
        deleteResource(tx, params, actingOf(house, context)),
      )
      return { ok: true as const, auditSeq }
    },
  }),
  route({
    method: 'GET',
    path: `${base}/history`,
    permission: 'resources.read',
    orElse: inProject,
    summary: 'Versions, newest first',
    tag,
    params: named,
    query: paging,
    response: historyPage,
    async handler({ context, params, query }, house) {
      const { principal } = context
      return house.store.read(context.organizationId, async (tx) => {
        const page = await resourceHistory(tx, params, { ...definedOnly(query), principal })
        const by = page.items.map(({ createdBy }) => createdBy)
        const nameOf = await actorNames(tx, by, { principal })
        const items = page.items.map((one) => ({ ...one, createdByName: nameOf(one.createdBy) }))
        return { items, nextCursor: page.nextCursor }
      })
    },
  }),
  route({
    method: 'GET',
    path: `${base}/diff`,
    permission: 'resources.read',
    orElse: inProject,
    summary: 'What changed between two versions',
    tag,
    params: named,
    query: z.object({ from: z.string().max(100), to: z.string().max(100).optional() }),
    response: z.object({ diff: z.string(), from: z.number(), to: z.number() }),
    async handler({ context, params, query }, house) {
      const versions = { from: choiceOf(query.from), to: choiceOf(query.to) }
      return house.store.read(context.organizationId, async (tx) => {
        const viewer = { principal: context.principal }
        const diff = await diffVersions(tx, { ...params, ...versions }, viewer)
        return { diff: diff.unified, from: diff.fromRevision, to: diff.toRevision }
      })
    },
  }),
  route({
    method: 'POST',
    path: `${base}/rollback`,
    permission: 'resources.write',
    orElse: writing,
    summary: 'Make an earlier version current again, as a new revision',
    tag,
    params: named,
    body: z.object({
      revision: z.number().int().min(1),
      message: z.string().max(2_000).optional(),
      expectedRevision: z.number().int().optional(),
    }),
    response: applyResult,
    async handler({ context, params, body }, house) {
      const applied = await house.store.within(context.organizationId, (tx) =>
        rollbackResource(
          tx,
          {
            ...params,
            to: { revision: body.revision },
            ...definedOnly({ message: body.message, expectedRevision: body.expectedRevision }),
          },
          actingOf(house, context),
        ),
      )
      const { auditSeq, ...result } = applied
      await house.resourcesChanged(context.organizationId, [result])
      return resultOf({ dryRun: false, results: [result], auditSeq })
    },
  }),
  route({
    method: 'PUT',
    path: `${base}/labels/:label`,
    permission: 'resources.write',
    orElse: writing,
    summary: 'Point a label at a version',
    tag,
    params: labelled,
    body: z.object({ revision: z.number().int().min(1) }),
    response: acknowledged,
    async handler({ context, params, body }, house) {
      const { auditSeq } = await house.store.within(context.organizationId, (tx) =>
        setLabel(tx, { ...params, to: { revision: body.revision } }, actingOf(house, context)),
      )
      return auditSeq === null ? { ok: true as const } : { ok: true as const, auditSeq }
    },
  }),
  route({
    method: 'DELETE',
    path: `${base}/labels/:label`,
    permission: 'resources.write',
    orElse: writing,
    summary: 'Remove a label',
    tag,
    params: labelled,
    response: acknowledged,
    async handler({ context, params }, house) {
      const { auditSeq } = await house.store.within(context.organizationId, (tx) =>
        removeLabel(tx, params, actingOf(house, context)),
      )
      return { ok: true as const, auditSeq }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/schemas/:kind',
    permission: 'signed-in',
    summary: 'JSON Schema of a kind’s spec',
    tag,
    params: z.object({ kind: resourceKind }),
    response: z.record(z.string(), z.unknown()),
    async handler({ params }) {
      const schema = z.toJSONSchema(resourceKinds[params.kind as ResourceKind], { io: 'input' })
      return schema as Record<string, unknown>
    },
  }),
]

/** A version as a URL names it: a digest, a revision, else a label; nothing means the current one. */
function choiceOf(version: string | undefined): VersionChoice {
  if (version === undefined) return {}
  if (version.startsWith('sha256:')) return { digest: version }
  if (/^\d{1,9}$/.test(version)) return { revision: Number(version) }
  return { label: version }
}

function resultOf(outcome: ApplyOutcome) {
  const results = outcome.results.map((one) => ({ ...one, diff: one.diff.unified }))
  return { dryRun: outcome.dryRun, results, auditSeq: outcome.auditSeq }
}

function detailOf(found: StoredResource) {
  return {
    kind: found.kind,
    name: found.name,
    project: found.project,
    revision: found.revision,
    digest: found.digest,
    labels: found.labels,
    updatedAt: found.createdAt,
    updatedBy: found.createdBy,
    spec: found.spec as Record<string, unknown>,
    yaml: toYaml(found),
    message: found.message,
  }
}
