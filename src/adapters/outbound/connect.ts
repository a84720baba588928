import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import { PlinthError } from '#kernel'
import { type AllowList, isPublicAddress } from './addresses.ts'

/** Resolves a name to all its addresses; tests hand in one that lies. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>

export const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    )
  })

type LookupCallback = (
  error: Error | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/**
 * Opens sockets to public addresses only. The check stands where the name becomes the address that is connected to,
 * so a name that resolves to another address the second time (DNS rebinding) gains nothing.
 */
export function checkedConnector(options: {
  allow: AllowList
  resolve: Resolve
  timeoutMs: number
  /** Which addresses may be connected to beside the allowed ones; public ones by default. */
  may?: (address: string) => boolean
}): buildConnector.connector {
  const may = options.may ?? isPublicAddress
  const make = (judge: (address: string) => boolean) =>
    buildConnector({
      timeout: options.timeoutMs,
      autoSelectFamily: true,
      lookup: (hostname: string, how: LookupOptions, done: LookupCallback) => {
        addressesFor(hostname, options.resolve, judge).then(
          (addresses) =>
            how.all
              ? done(null, addresses)
              : done(null, addresses[0]!.address, addresses[0]!.family),
          (error) => done(error as Error, ''),
        )
      },
    } as buildConnector.BuildOptions)
  const strict = make(may)
  const open = make(() => true)
  return (target, callback) => {
    const hostname = target.hostname.replace(/^\[|\]$/g, '')
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80)
    if (options.allow.allows(hostname, port)) return open(target, callback)
    if (isIP(hostname) && !may(hostname)) return callback(blocked(hostname, hostname), null)
    strict(target, (error, socket) => {
      if (error || !socket) return callback(error ?? new Error('no socket'), null)
      // The address that answers is the last word.
      if (socket.remoteAddress === undefined || may(socket.remoteAddress)) {
        return callback(null, socket)
      }
      socket.destroy()
      callback(blocked(hostname, socket.remoteAddress), null)
    })
  }
}

/** The addresses of a name. Throws UPSTREAM_BLOCKED when one among them may not be connected to. */
export async function addressesFor(
  hostname: string,
  resolve: Resolve,
  may: (address: string) => boolean,
): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname)
  if (addresses.length === 0) throw new Error(`The name ${hostname} has no address.`)
  const bad = addresses.find(({ address }) => !may(address))
  if (bad) throw blocked(hostname, bad.address)
  return addresses
}

export function blocked(hostname: string, address: string): PlinthError {
  const same = hostname === address
  return new PlinthError('UPSTREAM_BLOCKED', {
    detail: same
      ? `The address ${address} is not public.`
      : `The host ${hostname} leads to ${address}, which is not public.`,
  })
}
