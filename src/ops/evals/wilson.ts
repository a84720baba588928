/** A share with the interval it was estimated with. */
export interface Share {
  n: number
  hits: number
  /** Null where nothing was counted. */
  value: number | null
  low: number | null
  high: number | null
}

/** z of a two-sided interval of 95 %. */
const z95 = 1.959963984540054

/** The share of hits with its Wilson score interval (Wilson 1927), which holds for small n and near 0 and 1. */
export function wilson(hits: number, n: number, z: number = z95): Share {
  if (n === 0) return { n, hits, value: null, low: null, high: null }
  const p = hits / n
  const z2 = z * z
  const middle = (p + z2 / (2 * n)) / (1 + z2 / n)
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))
  const bound = (x: number) => Math.min(1, Math.max(0, x))
  return { n, hits, value: p, low: bound(middle - half), high: bound(middle + half) }
}
