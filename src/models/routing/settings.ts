import { providerDefaults, type ResourceSpec } from '#kernel'
import type { BreakerSettings } from './breaker.ts'
import type { GateSettings } from './gate.ts'

type Provider = ResourceSpec<'Provider'>

/** How long a call may take, in milliseconds: altogether, to the connection, to the first token, between two pieces. */
export interface CallTimeouts {
  totalMs: number
  connectMs: number
  firstTokenMs: number
  idleMs: number
}

export interface RetrySettings {
  max: number
  baseMs: number
  maxMs: number
}

/** One of several processes of a server has its equal part of the places, and of the room in line. */
export function gateSettings(provider: Provider, processes = 1): GateSettings {
  const { max, queue, queueMs } = provider.concurrency ?? providerDefaults.concurrency
  return { max: Math.ceil(max / processes), queue: Math.ceil(queue / processes), queueMs }
}

export function breakerSettings(provider: Provider): BreakerSettings {
  return provider.breaker ?? providerDefaults.breaker
}

/** The provider's, with as many rounds as the route says. */
export function retrySettings(provider: Provider, rounds: number | undefined): RetrySettings {
  const settings = provider.retry ?? providerDefaults.retry
  return rounds === undefined ? settings : { ...settings, max: rounds }
}

/** The provider's time-outs, shortened by the route's. */
export function timeoutsOf(
  provider: Provider,
  route: ResourceSpec<'Route'>['timeouts'],
): CallTimeouts {
  const {
    totalMs,
    firstTokenMs,
    idleMs,
    connectMs = providerDefaults.connectMs,
  } = provider.timeouts
  return {
    totalMs: Math.min(totalMs, route?.totalMs ?? totalMs),
    connectMs: Math.min(connectMs, route?.connectMs ?? connectMs),
    firstTokenMs: Math.min(firstTokenMs, route?.firstTokenMs ?? firstTokenMs),
    idleMs: Math.min(idleMs, route?.idleMs ?? idleMs),
  }
}

/** The address that tells whether the provider is there; undefined where it is not to be asked. */
export function healthUrl(provider: Provider): string | undefined {
  if (!provider.health || !provider.baseUrl) return undefined
  return provider.baseUrl.replace(/\/$/, '') + (provider.health.path ?? providerDefaults.healthPath)
}
