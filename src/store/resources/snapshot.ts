import { digestOf, PlinthError, type ResourceKind, type ResourceSpec, resourceKinds } from '#kernel'
import type { Tx } from '../store.ts'
import { referencesOf, splitReference } from './references.ts'
import { type Version, World } from './world.ts'

/** A version as requests use it: validated, with every default, frozen. */
export interface SnapshotResource<K extends ResourceKind = ResourceKind> {
  readonly kind: K
  readonly name: string
  readonly project: string
  readonly revision: number
  readonly digest: string
  readonly spec: ResourceSpec<K>
}

/** An assistant with every reference resolved: the lock file of a behaviour. */
export interface Release {
  /** Of `lock`: the same digest, the same behaviour. */
  digest: string
  assistant: string
  /** `Kind/name` (with `@pin` where a reference has one) to the digest it stands for. */
  lock: Readonly<Record<string, string>>
}

/**
 * All resources of one organization at one moment, compiled once and never changed: what a request sees does not
 * move under it, and nothing reads configuration while a question is answered.
 */
export class Snapshot {
  readonly organizationId: string
  readonly epoch: number
  /** Of every current resource and every label: the same digest, the same configuration. */
  readonly digest: string
  readonly #world: World
  readonly #compiled = new Map<Version, SnapshotResource>()
  readonly #byKind = new Map<ResourceKind, readonly SnapshotResource[]>()
  readonly #releases = new Map<string, Release>()

  constructor(world: World, at: { organizationId: string; epoch: number }) {
    this.organizationId = at.organizationId
    this.epoch = at.epoch
    this.#world = world
    for (const version of world.live()) this.#compiled.set(version, compile(version))
    const lists = new Map<ResourceKind, SnapshotResource[]>()
    for (const version of world.current()) {
      const list = lists.get(version.kind) ?? []
      list.push(this.#of(version))
      lists.set(version.kind, list)
    }
    for (const [kind, list] of lists) this.#byKind.set(kind, Object.freeze(list.sort(byName)))
    this.digest = this.#digest()
    Object.freeze(this)
  }

  /** The current version of a resource. */
  get<K extends ResourceKind>(kind: K, name: string): SnapshotResource<K> | undefined {
    return this.resolve(kind, splitReference(name).name)
  }

  /** The version that a reference (`name`, `name@label`, `name@sha256:…`) stands for. */
  resolve<K extends ResourceKind>(kind: K, reference: string): SnapshotResource<K> | undefined {
    const version = this.#world.resolve(kind, reference)
    return version && (this.#of(version) as SnapshotResource<K>)
  }

  /** The same where it must exist, as references of stored resources do. Throws NOT_FOUND. */
  require<K extends ResourceKind>(kind: K, reference: string): SnapshotResource<K> {
    const found = this.resolve(kind, reference)
    if (found) return found
    throw new PlinthError('NOT_FOUND', `There is no ${kind} "${reference}".`)
  }

  /** Current resources of a kind, by name. */
  list<K extends ResourceKind>(kind: K): readonly SnapshotResource<K>[] {
    return (this.#byKind.get(kind) ?? []) as readonly SnapshotResource<K>[]
  }

  /** The release of an assistant (`name`, or `name@label`): each reference resolved to a digest. Throws NOT_FOUND. */
  releaseOf(assistant: string): Release {
    const known = this.#releases.get(assistant)
    if (known) return known
    const root = this.require('Assistant', assistant)
    const lock = new Map([[`Assistant/${root.name}`, root.digest]])
    const open: SnapshotResource[] = [root]
    // Kinds refer downwards only, so this ends; the lock also stops a second visit.
    for (let at = open.pop(); at; at = open.pop()) {
      for (const { kind, text } of referencesOf(at)) {
        const key = `${kind}/${text}`
        if (lock.has(key)) continue
        const target = this.require(kind, text)
        lock.set(key, target.digest)
        open.push(target)
      }
    }
    const sorted = Object.freeze(Object.fromEntries([...lock].sort(([a], [b]) => (a < b ? -1 : 1))))
    const release = Object.freeze({ digest: digestOf(sorted), assistant: root.name, lock: sorted })
    if (this.#releases.size < 10_000) this.#releases.set(assistant, release)
    return release
  }

  #of(version: Version): SnapshotResource {
    let compiled = this.#compiled.get(version)
    if (!compiled) {
      compiled = compile(version)
      this.#compiled.set(version, compiled)
    }
    return compiled
  }

  #digest(): string {
    const current: Record<string, string> = {}
    for (const version of this.#world.current()) {
      current[`${version.kind}/${version.name}`] = version.digest
    }
    const labels: Record<string, string> = {}
    for (const { kind, name, label, version } of this.#world.labels()) {
      labels[`${kind}/${name}@${label}`] = version.digest
    }
    return digestOf({ current, labels })
  }
}

/** Reads and compiles an organization's resources. Never torn: it starts again when they changed meanwhile. */
export async function loadSnapshot(tx: Tx, organizationId: string): Promise<Snapshot> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const epoch = await readEpoch(tx)
    const world = await World.load(tx, Object.keys(resourceKinds) as ResourceKind[])
    if ((await readEpoch(tx)) === epoch) return new Snapshot(world, { organizationId, epoch })
  }
  throw new PlinthError('UNAVAILABLE', 'The resources change faster than they can be read.')
}

/** Moves with every change of a resource or label. One row of one column. */
export async function readEpoch(tx: Tx): Promise<number> {
  const row = await tx.selectFrom('resource_epoch').select('epoch').executeTakeFirst()
  return row?.epoch ?? 0
}

/**
 * What an older Plinth stored gains the defaults of this one; what it no longer accepts is used as it was stored,
 * so that an upgrade does not silence an assistant, and is refused at the next apply.
 */
function compile(version: Version): SnapshotResource {
  const parsed = resourceKinds[version.kind].safeParse(version.spec)
  const { kind, name, project, revision, digest } = version
  const spec = parsed.success ? parsed.data : structuredClone(version.spec)
  return deepFreeze({ kind, name, project, revision, digest, spec }) as SnapshotResource
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}

function byName(a: SnapshotResource, b: SnapshotResource): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
