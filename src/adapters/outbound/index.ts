import { isIP } from 'node:net'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { PlinthError } from '#kernel'
import type { OutboundClient, OutboundDispatcher, OutboundRequest, OutboundResponse } from '#ports'
import { AllowList, isPublicAddress, isReachableByName } from './addresses.ts'
import { addressesFor, blocked, checkedConnector, type Resolve, systemResolve } from './connect.ts'
import { Deadlines } from './deadlines.ts'
import { Exchange } from './dispatch.ts'
import { explainFailure } from './explain.ts'
import { Watch } from './watch.ts'

export interface OutboundOptions {
  /** Private hosts that may be reached: `host:port` or `host`. */
  allowPrivate?: readonly string[]
  /** All traffic goes through this proxy, except to `noProxy` hosts (exact, or suffix with a leading dot). */
  proxy?: { url: string; noProxy?: readonly string[] }
  /** How names become addresses; the system's resolver by default. */
  resolve?: Resolve
  /** Milliseconds to open a connection. */
  connectMs?: number
}

export interface ClosableOutbound extends OutboundClient, OutboundDispatcher {
  close(): Promise<void>
}

/**
 * The one way out: checks each connection's address, follows no redirect, bounds time and bytes, keeps connections
 * alive, and never writes a header into an error or log. Through a proxy the address is the proxy's to choose; the
 * name is still resolved and checked here first.
 */
export function createOutboundClient(options: OutboundOptions = {}): ClosableOutbound {
  const allow = new AllowList(options.allowPrivate ?? [])
  const resolve = options.resolve ?? systemResolve
  const pool = { keepAliveTimeout: 60_000, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 }
  const connecting = { allow, resolve, timeoutMs: options.connectMs ?? 10_000 }
  const direct = new Agent({ ...pool, connect: checkedConnector(connecting) })
  // Apart, so that a connection that one request may use is not lent to one that may not.
  const named = new Agent({
    ...pool,
    connect: checkedConnector({ ...connecting, may: isReachableByName }),
  })
  const deadlines = new Deadlines()
  const proxy = options.proxy ? new ProxyAgent({ ...pool, uri: options.proxy.url }) : undefined
  const chosen = async (url: URL, itself: boolean): Promise<Dispatcher> => {
    if (itself) return named
    if (!proxy || bypasses(url.hostname, options.proxy?.noProxy ?? [])) return direct
    if (!allow.allows(url.hostname, portOf(url))) await checkName(url, resolve)
    return proxy
  }
  return {
    async request(request) {
      const url = checkedUrl(request.url)
      return exchange(request, url, chosen)
    },
    dispatch(target, request, receiver) {
      const exchange = new Exchange(target, request, { receiver, deadlines })
      const itself = request.allowPrivate?.includes(target.origin) === true
      if (!proxy || itself) exchange.start(itself ? named : direct)
      else {
        chosen(new URL(target.origin), itself).then(
          (dispatcher) => exchange.start(dispatcher),
          (error) => exchange.fail(explainFailure(error, target.origin)),
        )
      }
      return exchange
    },
    async close() {
      deadlines.close()
      await Promise.all([direct.destroy(), named.destroy(), proxy?.destroy()])
    },
  }
}

async function exchange(
  request: OutboundRequest,
  url: URL,
  chosen: (url: URL, itself: boolean) => Promise<Dispatcher>,
): Promise<OutboundResponse> {
  const watch = new Watch(request, url.host)
  try {
    watch.expectFirstByte()
    watch.expectConnection()
    const dispatcher = await watch.race(
      chosen(url, request.allowPrivate?.includes(url.origin) === true),
    )
    const timed =
      request.timeouts.connectMs === undefined
        ? dispatcher
        : noticing(dispatcher, () => watch.connected())
    const response = await timed.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      body: request.body ?? null,
      signal: watch.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    return {
      status: response.statusCode,
      headers: flat(response.headers),
      body: bounded(response.body, request.maxBytes, watch),
    }
  } catch (error) {
    watch.stop()
    throw watch.explain(error)
  }
}

/** The same dispatcher, which tells when a request has its connection. */
function noticing(dispatcher: Dispatcher, started: () => void): Dispatcher {
  return dispatcher.compose(
    (dispatch) => (how, to) =>
      dispatch(how, {
        onRequestStart: (controller, context) => {
          started()
          to.onRequestStart?.(controller, context)
        },
        onResponseStart: (...given) => to.onResponseStart?.(...given),
        onResponseData: (...given) => to.onResponseData?.(...given),
        onResponseEnd: (...given) => to.onResponseEnd?.(...given),
        onResponseError: (...given) => to.onResponseError?.(...given),
      }),
  )
}

/** The body with its limits. Leaving the loop early breaks off the exchange. */
async function* bounded(
  body: AsyncIterable<Uint8Array> & {
    destroy(): unknown
    on(event: 'error', f: () => void): unknown
  },
  maxBytes: number,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  // A body that is broken off after we stopped reading must not become an uncaught error.
  body.on('error', () => {})
  const iterator = body[Symbol.asyncIterator]()
  let bytes = 0
  let ended = false
  try {
    for (;;) {
      const { done, value } = await watch.race(iterator.next())
      if (done) {
        ended = true
        return
      }
      watch.rest()
      bytes += value.byteLength
      if (bytes > maxBytes) throw watch.failed(`it sent more than ${maxBytes} bytes`)
      yield value
      watch.expectNextByte()
    }
  } catch (error) {
    throw watch.explain(error)
  } finally {
    watch.stop()
    if (!ended) body.destroy()
  }
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new PlinthError('INVALID_INPUT', 'An outside address must be an http or https URL.')
  }
  if (url.username || url.password) {
    throw new PlinthError('INVALID_INPUT', `The address of ${url.host} must not carry credentials.`)
  }
  return url
}

async function checkName(url: URL, resolve: Resolve): Promise<void> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  if (!isIP(hostname)) await addressesFor(hostname, resolve, isPublicAddress)
  else if (!isPublicAddress(hostname)) throw blocked(hostname, hostname)
}

function bypasses(hostname: string, noProxy: readonly string[]): boolean {
  return noProxy.some(
    (entry) =>
      entry === '*' || hostname === entry || (entry.startsWith('.') && hostname.endsWith(entry)),
  )
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}

export { isPublicAddress } from './addresses.ts'
