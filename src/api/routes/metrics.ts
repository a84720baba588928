import { scrape } from '#apps'
import { exposition, expositionType } from '#ops'
import { replied, route } from '../http/route.ts'

export const metricRoutes = [
  route({
    method: 'GET',
    path: '/metrics',
    permission: 'metrics.read',
    opensWith: (house) => house.metricsToken,
    summary: 'Metrics of this process and of the organization, as Prometheus reads them',
    tag: 'System',
    produces: 'text/plain',
    async handler({ context, reply }, house) {
      const own = await scrape(context.organizationId, house.gateway)
      await reply
        .header('content-type', expositionType)
        .send(exposition([...house.metrics.families(), ...own], house.metrics.labels))
      return replied
    },
  }),
]
