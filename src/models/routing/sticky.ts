/** A 32-bit hash of a text (FNV-1a, then mixed). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return mix(hash)
}

/**
 * Weighted rendezvous hashing: each candidate draws its own number for a conversation, and the least wins. A candidate
 * that comes or goes moves only the conversations that it wins or won; each wins in proportion to its weight.
 */
export function draw(conversation: number, candidate: number, weight: number): number {
  if (weight <= 0) return Number.POSITIVE_INFINITY
  // Between 0 and 1, neither included.
  const unit = (mix(conversation ^ mix(candidate)) + 0.5) / 0x1_0000_0000
  return -Math.log(unit) / weight
}

function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
