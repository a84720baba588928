/** Graded nDCG@10 with gains as they are judged, as trec_eval and BEIR compute it. */
export function ndcgAt10(ranked: readonly string[], judged: ReadonlyMap<string, number>): number {
  const gain = (grades: readonly number[]) =>
    grades.slice(0, 10).reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0)
  const ideal = gain([...judged.values()].sort((a, b) => b - a))
  return gain(ranked.map((id) => judged.get(id) ?? 0)) / ideal
}

/** Share of the relevant documents that are among the first `k`. */
export function recallAt(
  k: number,
  ranked: readonly string[],
  judged: ReadonlyMap<string, number>,
): number {
  const first = new Set(ranked.slice(0, k))
  return [...judged.keys()].filter((id) => first.has(id)).length / judged.size
}
