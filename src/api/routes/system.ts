import { z } from 'zod'
import { defaultAssistant } from '#apps'
import type { Snapshot } from '#store'
import { doctorReport, systemStatus } from '../contract/administration.ts'
import { route } from '../http/route.ts'

const tag = 'System'

export const systemRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/health',
    permission: 'public',
    summary: 'Whether the server and its database answer',
    tag,
    response: z.object({ ok: z.boolean() }),
    async handler(_call, house) {
      await house.store.system((tx) =>
        tx.selectFrom('organization').select('name').limit(1).execute(),
      )
      return { ok: true }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/status',
    permission: 'signed-in',
    summary: 'Version, database, chat model, dense leg, offers',
    tag,
    response: systemStatus,
    async handler({ context }, house) {
      const facts = house.facts()
      const snapshot = await house.snapshots.get(context.organizationId)
      return {
        version: house.version,
        engine: house.store.engine,
        chatModel: chatModelOf(snapshot),
        dense: { embedder: facts.embedder, off: facts.denseOff },
        sample: facts.sample,
        uptimeSeconds: Math.round((Date.now() - facts.startedAt.getTime()) / 1_000),
        offers: facts.offers,
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/doctor',
    permission: 'system.read',
    summary: 'Checks everything and says how to mend it; `fsck` compares all that is stored',
    tag,
    query: z.object({ fsck: z.stringbool().default(false) }),
    response: doctorReport,
    async handler({ context, query }, house) {
      const organizationIds = [context.organizationId]
      return house.upkeep.doctor({ organizationIds, fsck: query.fsck, signal: context.signal })
    },
  }),
]

function chatModelOf(snapshot: Snapshot): { name: string; note: string } {
  const assistant = defaultAssistant(snapshot)
  const route = assistant && snapshot.resolve('Route', assistant.spec.route)?.spec
  const first = route?.candidates?.[0]?.model ?? route?.models[0]
  if (!first || first === 'extractive') {
    return { name: 'extractive', note: 'Built in: quotes the best-supported sentences.' }
  }
  return { name: first, note: `First of the route ${assistant?.spec.route}.` }
}
