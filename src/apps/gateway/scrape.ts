import { type Deployment, type LiveState, liveState } from '#models'
import { type Family, jobFamilies, type Sample } from '#ops'
import type { GatewayHouse } from './house.ts'

/** Series of deployments shown for one organization. */
const maxDeployments = 1_000

/** What is known of one organization's calls, deployments and jobs, for a scrape. Of no other organization. */
export async function scrape(organizationId: string, house: GatewayHouse): Promise<Family[]> {
  const jobs = await house.store.read(organizationId, jobFamilies)
  return [
    ...house.usage.metrics.families(organizationId),
    {
      name: 'plinth_calls_unbooked',
      help: 'Calls that wait in memory to be stored.',
      type: 'gauge',
      samples: [{ value: house.usage.waiting(organizationId) }],
    },
    ...deploymentFamilies(organizationId, house),
    ...jobs,
  ]
}

interface Known {
  deployment: Deployment
  live: LiveState
  labels: { provider: string; upstream_model: string }
}

function deploymentFamilies(organizationId: string, house: GatewayHouse): Family[] {
  const now = performance.now()
  const known: Known[] = []
  for (const deployment of house.router.deployments(organizationId)) {
    if (known.length === maxDeployments) break
    const { endpoint, upstreamModel } = deployment
    const labels = { provider: endpoint.provider.name, upstream_model: upstreamModel }
    known.push({ deployment, live: liveState(deployment, now), labels })
  }
  return [...stateFamilies(known, now), ...providerFamilies(known)]
}

function stateFamilies(known: readonly Known[], now: number): Family[] {
  const each = (read: (one: Known) => number): Sample[] =>
    known.map((one) => ({ labels: one.labels, value: read(one) }))
  return [
    {
      name: 'plinth_deployment_attempts_total',
      help: 'Ended tries of an upstream model of a provider, by whose fault they failed; assistants’ included.',
      type: 'counter',
      samples: known.flatMap(({ labels, live }) =>
        Object.entries(live.counts).map(([end, value]) => ({
          labels: { ...labels, fault: end === 'ok' ? '' : end },
          value,
        })),
      ),
    },
    {
      name: 'plinth_deployment_in_flight',
      help: 'Tries under way.',
      type: 'gauge',
      samples: each(({ live }) => live.inFlight),
    },
    {
      name: 'plinth_deployment_breaker',
      help: 'State of the circuit breaker: 1 for the one it is in.',
      type: 'gauge',
      samples: known.flatMap(({ labels, live }) =>
        (['closed', 'half-open', 'open'] as const).map((state) => ({
          labels: { ...labels, state },
          value: live.breaker === state ? 1 : 0,
        })),
      ),
    },
    {
      name: 'plinth_deployment_usable_keys',
      help: 'Keys of the provider that work now for this model; 1 where none is needed.',
      type: 'gauge',
      samples: each(({ live }) => live.usableKeys),
    },
    {
      name: 'plinth_deployment_first_token_ewma_seconds',
      help: 'What routing takes the time to the first token to be.',
      type: 'gauge',
      samples: known.flatMap(({ deployment, labels }) => {
        const ms = deployment.firstTokenMs.read(now)
        return ms > 0 ? [{ labels, value: ms / 1_000 }] : []
      }),
    },
  ]
}

/** Places, the line before them and health are a provider's, whichever of its models is asked. */
function providerFamilies(known: readonly Known[]): Family[] {
  const providers = new Map(known.map((one) => [one.labels.provider, one]))
  const each = (read: (one: Known) => number): Sample[] =>
    [...providers].map(([provider, one]) => ({ labels: { provider }, value: read(one) }))
  return [
    {
      name: 'plinth_provider_up',
      help: 'Whether its health checks are answered; 1 where there are none.',
      type: 'gauge',
      samples: each(({ live }) => (live.down ? 0 : 1)),
    },
    {
      name: 'plinth_provider_in_flight',
      help: 'Places taken at the provider.',
      type: 'gauge',
      samples: each(({ deployment }) => deployment.endpoint.gate.inside),
    },
    {
      name: 'plinth_provider_queue_depth',
      help: 'Calls that wait for a place at the provider.',
      type: 'gauge',
      samples: each(({ live }) => live.waiting),
    },
  ]
}
