import { isIPv6 } from 'node:net'
import { type Clock, digestOf } from '#kernel'
import type { Store, Tx } from '#store'

/**
 * How many failures each bucket holds, and after how many seconds one more is allowed. Small refills keep a stranger from
 * locking anybody out: who waits a minute may try again.
 */
const buckets = {
  pair: { holds: 10, refillSeconds: 60 },
  account: { holds: 50, refillSeconds: 15 },
  address: { holds: 100, refillSeconds: 9 },
} as const
type Kind = keyof typeof buckets

/** Every bucket is full again after this; its row says nothing any more. */
const expireSeconds = 900
/** Expired rows that one attempt clears away: more than it can add, so that the table stays small by itself. */
const clearedAtOnce = 100

/** Who tries to sign in, from where. */
export interface Attempt {
  organizationId: string
  /** Normalized e-mail address, of an account or not. */
  account: string
  /** Network address of the caller. */
  address: string
}

interface Bucket {
  kind: Kind
  key: string
  /** Failures that have not been refilled yet. */
  used: number
}

/**
 * Failed sign-ins, counted in the database: all servers on it share one count. An account is limited at one network
 * address, over all addresses, and an address over all accounts. Failures elsewhere never refuse an address its first
 * attempt: strangers cannot keep somebody out.
 */
export class SignInAttempts {
  readonly #store: Store
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Counts an attempt before it is made, so that many at once cannot pass. Seconds to wait, or 0 to go on. */
  async begin(attempt: Attempt): Promise<number> {
    const now = this.#clock.now()
    return this.#store.within(attempt.organizationId, async (tx) => {
      await clearExpired(tx, now)
      const found = await lockBuckets(tx, keysOf(attempt), now)
      const firstHere = found.every(({ kind, used }) => kind !== 'pair' || used === 0)
      const wait = Math.max(
        ...found.map((bucket) => (bucket.kind === 'account' && firstHere ? 0 : waitFor(bucket))),
      )
      if (wait > 0) return wait
      for (const bucket of found) {
        // Never above the brim: the wait stays that of one refill, however many first attempts were let in.
        const used = Math.min(buckets[bucket.kind].holds, bucket.used + 1)
        await setUsed(tx, { ...bucket, used }, now)
      }
      return 0
    })
  }

  /** A sign-in that succeeded is no failure, and clears its account at that address. */
  async succeeded(attempt: Attempt): Promise<void> {
    const now = this.#clock.now()
    await this.#store.within(attempt.organizationId, async (tx) => {
      for (const bucket of await lockBuckets(tx, keysOf(attempt), now)) {
        const used = bucket.kind === 'pair' ? 0 : Math.max(0, bucket.used - 1)
        await setUsed(tx, { ...bucket, used }, now)
      }
    })
  }
}

function waitFor({ kind, used }: Bucket): number {
  const { holds, refillSeconds } = buckets[kind]
  return Math.max(0, Math.ceil((used + 1 - holds) * refillSeconds))
}

/** The rows of an attempt, made where they are missing and locked in one order, with what is left of their failures. */
async function lockBuckets(tx: Tx, keys: ReadonlyMap<string, Kind>, now: Date): Promise<Bucket[]> {
  const sorted = [...keys.keys()].sort()
  await tx
    .insertInto('sign_in_attempt')
    .values(sorted.map((key) => ({ key, used: 0, updated_at: now })))
    .onConflict((oc) => oc.doNothing())
    .execute()
  const rows = await tx
    .selectFrom('sign_in_attempt')
    .select(['key', 'used', 'updated_at'])
    .where('key', 'in', sorted)
    .orderBy('key')
    .forUpdate()
    .execute()
  return rows.map(({ key, used, updated_at }) => {
    const kind = keys.get(key) as Kind
    const seconds = Math.max(0, (now.getTime() - updated_at.getTime()) / 1000)
    return { kind, key, used: Math.max(0, used - seconds / buckets[kind].refillSeconds) }
  })
}

async function setUsed(tx: Tx, { key, used }: Bucket, now: Date): Promise<void> {
  await tx
    .updateTable('sign_in_attempt')
    .set({ used, updated_at: now })
    .where('key', '=', key)
    .execute()
}

async function clearExpired(tx: Tx, now: Date): Promise<void> {
  const before = new Date(now.getTime() - expireSeconds * 1000)
  const expired = tx
    .selectFrom('sign_in_attempt')
    .select('key')
    .where('updated_at', '<', before)
    .orderBy('key')
    .limit(clearedAtOnce)
    .forUpdate()
    .skipLocked()
  await tx.deleteFrom('sign_in_attempt').where('key', 'in', expired).execute()
}

/** Digests: the table shows nobody's e-mail or network address. */
function keysOf({ account, address }: Attempt): Map<string, Kind> {
  const network = networkOf(address)
  return new Map([
    [digestOf({ pair: [account, network] }), 'pair'],
    [digestOf({ account }), 'account'],
    [digestOf({ address: network }), 'address'],
  ])
}

/** An IPv6 caller has a whole /64 to call from: it counts as one address. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1]) return mapped[1]
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] as string).toLowerCase().split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail ? tail.split(':') : []
  const gap = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  const groups = [...front, ...Array.from({ length: gap }, () => '0'), ...back]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
