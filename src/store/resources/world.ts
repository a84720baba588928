import {
  type ErrorProblem,
  PlinthError,
  type Resource,
  type ResourceKind,
  resourceKinds,
} from '#kernel'
import type { Tx } from '../store.ts'
import { pathText } from './check.ts'
import { type Reference, referencesOf, splitReference } from './references.ts'

/** One version of a resource. `spec` stands only where it was asked for. */
export interface Version extends Resource {
  revision: number
  digest: string
}

interface Entry {
  kind: ResourceKind
  name: string
  /** Undefined while deleted. */
  current: number | undefined
  versions: Map<number, Version>
  labels: Map<string, number>
}

/** A reference that leads nowhere, and the version it stands in. */
export interface Dangling {
  from: Version
  reference: Reference
}

/** Chains of pins are as long as the chain of kinds (Assistant, Route, Model, Provider); eight is ample. */
const maxPinRounds = 8

/**
 * The live versions of an organization: the current ones, the labelled ones, and those that a live one pins.
 * References are checked on it, with changes laid over before they are written; snapshots are made from it.
 */
export class World {
  readonly #entries = new Map<string, Entry>()
  readonly #kinds: readonly ResourceKind[]

  private constructor(kinds: readonly ResourceKind[]) {
    this.#kinds = kinds
  }

  /** Reads an organization's live versions; `kinds` names those whose `spec` is read too. */
  static async load(tx: Tx, kinds: readonly ResourceKind[]): Promise<World> {
    const world = new World(kinds)
    const resources = await tx
      .selectFrom('resource')
      .select(['kind', 'name', 'revision'])
      .where('deleted_at', 'is', null)
      .execute()
    for (const row of resources) {
      if (isKnown(row.kind)) world.#entry(row.kind, row.name).current = row.revision
    }
    const labels = await tx
      .selectFrom('resource_label')
      .select(['kind', 'name', 'label', 'revision'])
      .execute()
    for (const row of labels) {
      if (isKnown(row.kind)) world.#entry(row.kind, row.name).labels.set(row.label, row.revision)
    }
    await world.#loadCurrent(tx)
    await world.#loadLabelled(tx)
    await world.loadPinned(tx)
    return world
  }

  /** Lays a new current version over what is stored. */
  put(version: Version): void {
    const entry = this.#entry(version.kind, version.name)
    entry.current = version.revision
    entry.versions.set(version.revision, version)
  }

  /** Lays a deletion over what is stored. */
  remove(kind: ResourceKind, name: string): void {
    const entry = this.#entry(kind, name)
    entry.current = undefined
    entry.labels.clear()
  }

  /** Lays a label over what is stored; without a version it is taken away. */
  setLabel(at: { kind: ResourceKind; name: string; label: string }, version?: Version): void {
    const entry = this.#entry(at.kind, at.name)
    if (!version) {
      entry.labels.delete(at.label)
      return
    }
    entry.versions.set(version.revision, version)
    entry.labels.set(at.label, version.revision)
  }

  /** The version a reference names: the current one, a label's, a revision, or the newest with a digest. */
  resolve(kind: ResourceKind, text: string): Version | undefined {
    const { name, pin } = splitReference(text)
    const entry = this.#entries.get(`${kind}/${name}`)
    if (entry?.current === undefined) return undefined
    if (pin === undefined || pin === 'latest') return entry.versions.get(entry.current)
    if (/^\d+$/.test(pin)) return entry.versions.get(Number(pin))
    if (!pin.startsWith('sha256:')) return entry.versions.get(entry.labels.get(pin) ?? -1)
    let found: Version | undefined
    for (const version of entry.versions.values()) {
      if (version.digest === pin && version.revision > (found?.revision ?? 0)) found = version
    }
    return found
  }

  /** Current versions, in no order. */
  *current(): Generator<Version> {
    for (const entry of this.#entries.values()) {
      const version = entry.versions.get(entry.current ?? -1)
      if (version) yield version
    }
  }

  /** Labels of a resource that is not deleted. */
  *labels(): Generator<{ kind: ResourceKind; name: string; label: string; version: Version }> {
    for (const { kind, name, current, labels, versions } of this.#entries.values()) {
      if (current === undefined) continue
      for (const [label, revision] of labels) {
        const version = versions.get(revision)
        if (version) yield { kind, name, label, version }
      }
    }
  }

  /** Every version that a question could meet: current, labelled, and what those pin. */
  live(): Set<Version> {
    const live = new Set<Version>(this.current())
    for (const { version } of this.labels()) live.add(version)
    // A set grows while it is walked: what a pinned version pins is visited too.
    for (const version of live) {
      for (const { kind, text } of referencesOf(version)) {
        const target = this.resolve(kind, text)
        if (target) live.add(target)
      }
    }
    return live
  }

  /** References of live versions that lead nowhere. */
  dangling(): Dangling[] {
    const out: Dangling[] = []
    for (const from of this.live()) {
      for (const reference of referencesOf(from)) {
        if (!this.resolve(reference.kind, reference.text)) out.push({ from, reference })
      }
    }
    return out
  }

  /** How a version is reached, for errors: `Assistant/support`, `Assistant/support@production`, `…@3`. */
  describe(version: Version): string {
    const { kind, name, revision } = version
    const entry = this.#entries.get(`${kind}/${name}`)
    if (entry?.current === revision) return `${kind}/${name}`
    for (const [label, at] of entry?.labels ?? []) {
      if (at === revision) return `${kind}/${name}@${label}`
    }
    return `${kind}/${name}@${revision}`
  }

  /** Reads versions that live ones pin by digest or revision and that are neither current nor labelled. */
  async loadPinned(tx: Tx): Promise<void> {
    const asked = new Set<string>()
    for (let round = 0; round < maxPinRounds; round++) {
      const missing = this.dangling()
        .map(({ reference }) => ({ kind: reference.kind, ...splitReference(reference.text) }))
        .filter(({ kind, name, pin }) => isPin(pin) && !asked.has(`${kind}/${name}@${pin}`))
      if (missing.length === 0) return
      for (const { kind, name, pin } of missing) asked.add(`${kind}/${name}@${pin}`)
      const rows = await this.#versions(tx)
        .where('v.name', 'in', [...new Set(missing.map(({ name }) => name))])
        .where((eb) =>
          eb.or(
            missing.map(({ kind, name, pin }) =>
              eb.and([
                eb('v.kind', '=', kind),
                eb('v.name', '=', name),
                /^\d+$/.test(pin as string)
                  ? eb('v.revision', '=', Number(pin))
                  : eb('v.digest', '=', pin as string),
              ]),
            ),
          ),
        )
        .execute()
      for (const row of rows) this.#keep(row)
    }
  }

  async #loadCurrent(tx: Tx): Promise<void> {
    const rows = await this.#versions(tx)
      .innerJoin('resource as r', (join) =>
        join
          .onRef('r.kind', '=', 'v.kind')
          .onRef('r.name', '=', 'v.name')
          .onRef('r.revision', '=', 'v.revision'),
      )
      .where('r.deleted_at', 'is', null)
      .execute()
    for (const row of rows) this.#keep(row)
  }

  async #loadLabelled(tx: Tx): Promise<void> {
    const rows = await this.#versions(tx)
      .innerJoin('resource_label as l', (join) =>
        join
          .onRef('l.kind', '=', 'v.kind')
          .onRef('l.name', '=', 'v.name')
          .onRef('l.revision', '=', 'v.revision'),
      )
      .execute()
    for (const row of rows) this.#keep(row)
  }

  #versions(tx: Tx) {
    return tx.selectFrom('resource_version as v').select((eb) => [
      'v.kind',
      'v.name',
      'v.revision',
      'v.project',
      'v.digest',
      eb
        .case()
        .when('v.kind', 'in', [...this.#kinds, ''])
        .then(eb.ref('v.spec'))
        .end()
        .as('spec'),
    ])
  }

  #keep(row: Omit<Version, 'kind' | 'spec'> & { kind: string; spec: unknown }): void {
    if (!isKnown(row.kind)) return
    const entry = this.#entry(row.kind, row.name)
    if (entry.versions.has(row.revision)) return
    const version = { ...row, kind: row.kind, spec: row.spec ?? emptySpec } as Version
    entry.versions.set(row.revision, version)
  }

  #entry(kind: ResourceKind, name: string): Entry {
    const key = `${kind}/${name}`
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = { kind, name, current: undefined, versions: new Map(), labels: new Map() }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

const emptySpec = Object.freeze({})

function isPin(pin: string | undefined): pin is string {
  return pin !== undefined && (/^\d{1,9}$/.test(pin) || pin.startsWith('sha256:'))
}

/** Rows of a kind that a later version of Plinth knew are left alone. */
function isKnown(kind: string): kind is ResourceKind {
  return Object.hasOwn(resourceKinds, kind)
}

/** After something is taken away. Throws CONFLICT naming what still refers to it. */
export function refuseOrphans(world: World, what: string): void {
  const dangling = world.dangling()
  if (dangling.length === 0) return
  const by = [...new Set(dangling.map(({ from }) => world.describe(from)))].sort()
  const list = by.slice(0, 20).join(', ') + (by.length > 20 ? `, and ${by.length - 20} more` : '')
  throw new PlinthError('CONFLICT', {
    detail: `${what} is referred to by ${list}.`,
    remedy: 'Change or delete those first.',
    problems: problemsOf(world, dangling),
  })
}

/** Before an older version is reached again. Throws CONFLICT naming what it needs and is gone. */
export function refuseMissing(world: World): void {
  const dangling = world.dangling()
  const [first] = dangling
  if (!first) return
  const { kind, text } = first.reference
  throw new PlinthError('CONFLICT', {
    detail: `${world.describe(first.from)} refers to ${kind}/${text}, which does not exist any more.`,
    remedy: 'Bring that back first, or choose another version.',
    problems: problemsOf(world, dangling),
  })
}

function problemsOf(world: World, dangling: readonly Dangling[]): ErrorProblem[] {
  return dangling.slice(0, 100).map(({ from, reference: { kind, text, path } }) => ({
    where: `${world.describe(from)} ${pathText(path)}`,
    detail: `It refers to ${kind}/${text}.`,
    remedy: 'Point it at something that exists.',
  }))
}
