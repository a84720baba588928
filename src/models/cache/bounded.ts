/** Something that is kept for a while. Times in milliseconds since 1970. */
export interface Kept {
  readonly bytes: number
  readonly keptAt: number
  readonly until: number
}

/** Whose it is. A newer generation forgets what was kept under the ones before. */
export interface Partition {
  organizationId: string
  generation: number
}

interface Room<T> {
  generation: number
  bytes: number
  entries: Map<string, T>
}

/** What a map and its key take beside the value. */
const entryBytes = 512

/**
 * Values by organization and key within a bound of bytes. What was used longest ago goes first, of the organization that
 * holds most: a busy one cannot push the others out.
 */
export class BoundedCache<T extends Kept> {
  readonly #maxBytes: number
  readonly #rooms = new Map<string, Room<T>>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(partition: Partition, key: string, now: number): T | undefined {
    const room = this.#room(partition)
    const found = room?.entries.get(key)
    if (!room || !found) return undefined
    room.entries.delete(key)
    if (found.until <= now) {
      this.#count(room, -sizeOf(found))
      return undefined
    }
    room.entries.set(key, found)
    return found
  }

  /** False: it is too big, or belongs to a generation that is over. */
  set(partition: Partition, key: string, value: T): boolean {
    const size = sizeOf(value)
    if (size > this.#maxBytes) return false
    const room = this.#room(partition)
    if (!room) return false
    const before = room.entries.get(key)
    if (before) this.#count(room, -sizeOf(before))
    room.entries.delete(key)
    room.entries.set(key, value)
    this.#count(room, size)
    while (this.#bytes > this.#maxBytes) this.#evict()
    return true
  }

  /** What is kept for an organization now. */
  held(partition: Partition): { entries: number; bytes: number } {
    const room = this.#room(partition)
    return { entries: room?.entries.size ?? 0, bytes: room?.bytes ?? 0 }
  }

  /** Undefined where the asker is behind a purge. */
  #room({ organizationId, generation }: Partition): Room<T> | undefined {
    const room = this.#rooms.get(organizationId)
    if (generation === room?.generation) return room
    if (room && generation < room.generation) return undefined
    this.#bytes -= room?.bytes ?? 0
    const empty: Room<T> = { generation, bytes: 0, entries: new Map() }
    this.#rooms.set(organizationId, empty)
    return empty
  }

  #evict(): void {
    let largest: Room<T> | undefined
    for (const room of this.#rooms.values()) {
      if (!largest || room.bytes > largest.bytes) largest = room
    }
    const oldest = largest?.entries.entries().next().value
    if (!largest || !oldest) return
    largest.entries.delete(oldest[0])
    this.#count(largest, -sizeOf(oldest[1]))
  }

  #count(room: Room<T>, bytes: number): void {
    room.bytes += bytes
    this.#bytes += bytes
  }
}

function sizeOf({ bytes }: Kept): number {
  return bytes + entryBytes
}
