/** First values, set by hand; `bench/fit-abstention.ts` replaces this file. */
export const rankWeights: readonly number[] = [3, 2, 1, 1, 0.6, 0.8, 0.4, 0.1, 0.5, -1.5, 0]

export const abstention = {
  intercept: -4.5,
  weights: [3, 2, 1.5, 1, 1.2, -1.5, 0.6, 0.5, 0, 0.6],
  threshold: 0.5,
}
