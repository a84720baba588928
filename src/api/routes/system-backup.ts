import { Readable } from 'node:stream'
import { actorOf } from '#governance'
import { PlinthError } from '#kernel'
import { replied, route } from '../http/route.ts'

export const systemBackupRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/system/backup',
    permission: 'system.write',
    summary: 'A consistent backup of the whole installation as a tar archive, keys included',
    tag: 'System',
    produces: 'application/x-tar',
    async handler({ context, reply }, house) {
      const { organizationId, principal, requestId } = context
      if (organizationId !== house.organization.id) throw notTheirs()
      await house.store.within(organizationId, (tx) =>
        house.appendAudit(tx, [
          { kind: 'backup.made', actor: actorOf(principal), outcome: 'intended', requestId },
        ]),
      )
      const day = house.clock.now().toISOString().slice(0, 10)
      await reply
        .header('content-type', 'application/x-tar')
        .header('content-disposition', `attachment; filename="plinth-${day}.tar"`)
        .send(Readable.from(house.upkeep.backup(), { objectMode: false }))
      return replied
    },
  }),
]

/** It holds the documents of every organization on the server, and the keys that open them. */
function notTheirs(): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail: 'A backup holds every organization of this server; yours is not the one that runs it.',
    remedy: 'Ask whoever runs this server for one.',
  })
}
