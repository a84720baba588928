import { BlockList, isIP, isIPv4 } from 'node:net'

/**
 * Address blocks that no outside system lives in: loopback, private, link-local (with the clouds' metadata services),
 * carrier NAT, documentation, multicast, reserved (IANA special-purpose registries, RFC 6890).
 */
const blockedIPv4 = new BlockList()
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Azure's host agent: a public address that answers with machine secrets.
  ['168.63.129.16', 32],
] as const) {
  blockedIPv4.addSubnet(address, prefix, 'ipv4')
}

/** Global unicast is 2000::/3; everything outside it is refused, and of it the tunnels and documentation. */
const globalIPv6 = new BlockList()
globalIPv6.addSubnet('2000::', 3, 'ipv6')
const blockedIPv6 = new BlockList()
for (const [address, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  blockedIPv6.addSubnet(address, prefix, 'ipv6')
}

/** Whether an IP address belongs to the public internet. An IPv4 address in IPv6 notation is judged as IPv4. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !blockedIPv4.check(address, 'ipv4')
  if (isIP(address) !== 6) return false
  const bare = address.replace(/%.*$/, '')
  const mapped = /^(?:0*:)*:?(?:ffff|FFFF):(\d+\.\d+\.\d+\.\d+)$/.exec(bare)
  if (mapped) return isPublicAddress(mapped[1]!)
  return globalIPv6.check(bare, 'ipv6') && !blockedIPv6.check(bare, 'ipv6')
}

/** Where clouds and container hosts hand out machine secrets, and link-local addresses, where most of these live. */
const metadata = new BlockList()
metadata.addSubnet('169.254.0.0', 16, 'ipv4')
metadata.addSubnet('fe80::', 10, 'ipv6')
for (const address of ['168.63.129.16', '100.100.100.200', '192.0.0.192']) {
  metadata.addAddress(address, 'ipv4')
}
for (const address of ['fd00:ec2::254', 'fd20:ce::254']) metadata.addAddress(address, 'ipv6')

/** Whether a request that names this origin itself may go there: everywhere but to a metadata service. */
export function isReachableByName(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  // A block list judges an IPv4 address in IPv6 notation as the IPv4 address that it is.
  return family !== 0 && !metadata.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * Entries that may be reached although they are private: `host:port`, or `host` for any port. A host is a name or
 * an address as it stands in the URL; IPv6 in brackets.
 */
export class AllowList {
  readonly #entries: ReadonlySet<string>

  constructor(entries: readonly string[]) {
    this.#entries = new Set(entries.map((entry) => entry.trim().toLowerCase()).filter(Boolean))
  }

  allows(hostname: string, port: number): boolean {
    const host = hostname.toLowerCase().replace(/\.$/, '')
    const named = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    return this.#entries.has(named) || this.#entries.has(`${named}:${port}`)
  }
}
