import type { Store } from '#store'

interface Use {
  organizationId: string
  at: Date
}

const everyMs = 60_000
const maxPending = 10_000

/**
 * When keys and users were last seen: gathered in memory, written at most once a minute for each. A server that
 * dies loses a minute of it; nothing is decided by it.
 */
export class LastUse {
  readonly #store: Store
  readonly #pending = { key: new Map<string, Use>(), user: new Map<string, Use>() }
  readonly #written = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(store: Store) {
    this.#store = store
  }

  note(kind: 'key' | 'user', id: string, use: Use): void {
    const now = use.at.getTime()
    if (now - (this.#written.get(id) ?? 0) < everyMs) return
    const pending = this.#pending[kind]
    if (pending.size >= maxPending) return
    pending.set(id, use)
    this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), 5_000).unref()
  }

  /** Writes what is pending. Call once more before the store closes. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const kind of ['key', 'user'] as const) {
      // In one order on every server, so that two that write the same rows do not wait for each other.
      const uses = [...this.#pending[kind]].sort(([a], [b]) => (a < b ? -1 : 1))
      this.#pending[kind].clear()
      for (const [organizationId, part] of byOrganization(uses)) {
        await this.#write(kind, organizationId, part)
      }
    }
    if (this.#written.size > maxPending) this.#written.clear()
  }

  async #write(
    kind: 'key' | 'user',
    organizationId: string,
    uses: readonly [string, Use][],
  ): Promise<void> {
    await this.#store.within(organizationId, async (tx) => {
      for (const [id, { at }] of uses) {
        if (kind === 'key') {
          await tx.updateTable('api_key').set({ last_used_at: at }).where('id', '=', id).execute()
        } else {
          await tx.updateTable('app_user').set({ last_seen_at: at }).where('id', '=', id).execute()
        }
      }
    })
    for (const [id, { at }] of uses) this.#written.set(id, at.getTime())
  }
}

function byOrganization(uses: readonly [string, Use][]): Map<string, [string, Use][]> {
  const parts = new Map<string, [string, Use][]>()
  for (const use of uses) {
    const part = parts.get(use[1].organizationId) ?? []
    part.push(use)
    parts.set(use[1].organizationId, part)
  }
  return parts
}
