export interface Example {
  features: readonly number[]
  label: 0 | 1
  weight: number
  group: string
  set: string
}

export interface Logistic {
  intercept: number
  weights: number[]
}

/** Logistic regression with an L2 penalty, by Newton's method (iteratively reweighted least squares). */
export function fitLogistic(examples: readonly Example[], ridge: number): Logistic {
  const size = examples[0]!.features.length + 1
  let beta = new Array<number>(size).fill(0)
  for (let iteration = 0; iteration < 50; iteration++) {
    const gradient = new Array<number>(size).fill(0)
    const hessian = Array.from({ length: size }, () => new Array<number>(size).fill(0))
    for (const { features, label, weight } of examples) {
      const x = [1, ...features]
      const p = sigmoid(dot(beta, x))
      for (let i = 0; i < size; i++) {
        gradient[i]! += weight * (label - p) * x[i]!
        for (let j = 0; j <= i; j++) hessian[i]![j]! += weight * p * (1 - p) * x[i]! * x[j]!
      }
    }
    for (let i = 0; i < size; i++) {
      if (i > 0) gradient[i]! -= ridge * beta[i]!
      hessian[i]![i]! += i > 0 ? ridge : 1e-9
      for (let j = 0; j < i; j++) hessian[j]![i] = hessian[i]![j]!
    }
    const step = solve(hessian, gradient)
    beta = beta.map((value, i) => value + step[i]!)
    if (Math.max(...step.map(Math.abs)) < 1e-7) break
  }
  return { intercept: beta[0]!, weights: beta.slice(1) }
}

export interface RankingList {
  features: readonly (readonly number[])[]
  gold: readonly boolean[]
  weight: number
  group: string
  set: string
}

/**
 * A ranking model (conditional logit): within each list the marked entries should score highest. Newton steps on the
 * concave part, halved until the penalised likelihood grows.
 */
export function fitRanking(lists: readonly RankingList[], ridge: number): number[] {
  const size = lists[0]!.features[0]!.length
  let beta = new Array<number>(size).fill(0)
  let value = likelihood(lists, beta, ridge)
  for (let iteration = 0; iteration < 40; iteration++) {
    const gradient = beta.map((weight) => -ridge * weight)
    const hessian = beta.map((_, i) => beta.map((_, j) => (i === j ? ridge : 0)))
    for (const { features, gold, weight } of lists) {
      const scores = features.map((row) => dot(beta, row))
      const all = moments(features, scores, () => true)
      const right = moments(features, scores, (k) => gold[k]!)
      for (let i = 0; i < size; i++) {
        gradient[i]! += weight * (right.mean[i]! - all.mean[i]!)
        for (let j = 0; j < size; j++) hessian[i]![j]! += weight * all.covariance[i]![j]!
      }
    }
    let step = solve(hessian, gradient)
    let next = beta.map((weight, i) => weight + step[i]!)
    let nextValue = likelihood(lists, next, ridge)
    for (let halved = 0; halved < 20 && !(nextValue > value); halved++) {
      step = step.map((part) => part / 2)
      next = beta.map((weight, i) => weight + step[i]!)
      nextValue = likelihood(lists, next, ridge)
    }
    if (!(nextValue > value + 1e-6)) break
    beta = next
    value = nextValue
  }
  return beta
}

function likelihood(lists: readonly RankingList[], beta: readonly number[], ridge: number): number {
  let value = (-ridge / 2) * dot(beta, beta)
  for (const { features, gold, weight } of lists) {
    const scores = features.map((row) => dot(beta, row))
    const right = scores.filter((_, k) => gold[k])
    value += weight * (logSum(right) - logSum(scores))
  }
  return value
}

function logSum(values: readonly number[]): number {
  const shift = Math.max(...values)
  return shift + Math.log(values.reduce((sum, value) => sum + Math.exp(value - shift), 0))
}

/** Mean and covariance of the features under the softmax of the scores, over some entries. */
function moments(
  features: readonly (readonly number[])[],
  scores: readonly number[],
  counts: (index: number) => boolean,
) {
  const size = features[0]!.length
  const shift = Math.max(...scores.filter((_, k) => counts(k)))
  const weights = scores.map((score, k) => (counts(k) ? Math.exp(score - shift) : 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = new Array<number>(size).fill(0)
  for (const [k, row] of features.entries()) {
    for (let i = 0; i < size; i++) mean[i]! += (weights[k]! / total) * row[i]!
  }
  const covariance = mean.map(() => new Array<number>(size).fill(0))
  for (const [k, row] of features.entries()) {
    const share = weights[k]! / total
    if (share === 0) continue
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++)
        covariance[i]![j]! += share * (row[i]! - mean[i]!) * (row[j]! - mean[j]!)
    }
  }
  return { mean, covariance }
}

/** Area under the ROC curve, ties counted half. */
export function auc(scored: readonly { score: number; label: 0 | 1 }[]): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score)
  let rankSum = 0
  let positives = 0
  for (let i = 0; i < sorted.length; ) {
    let j = i
    while (j < sorted.length && sorted[j]!.score === sorted[i]!.score) j++
    for (let k = i; k < j; k++) {
      if (sorted[k]!.label === 1) {
        rankSum += (i + 1 + j) / 2
        positives++
      }
    }
    i = j
  }
  const negatives = sorted.length - positives
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/** 95 % interval of a statistic by 400 bootstrap samples of whole groups, from a fixed seed. */
export function interval<T extends { group: string }>(
  items: readonly T[],
  statistic: (sample: readonly T[]) => number,
): [number, number] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item])
  const lists = [...groups.values()]
  const random = seeded(7)
  const values: number[] = []
  for (let i = 0; i < 400; i++) {
    const value = statistic(lists.flatMap(() => lists[Math.floor(random() * lists.length)]!))
    if (Number.isFinite(value)) values.push(value)
  }
  values.sort((a, b) => a - b)
  return [values[Math.floor(values.length * 0.025)]!, values[Math.floor(values.length * 0.975)]!]
}

export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Gaussian elimination with partial pivoting. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length
  const rows = matrix.map((row, i) => [...row, right[i]!])
  for (let i = 0; i < size; i++) {
    let pivot = i
    for (let j = i + 1; j < size; j++)
      if (Math.abs(rows[j]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = j
    ;[rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!]
    const divisor = rows[i]![i]! || 1e-12
    for (let j = i + 1; j < size; j++) {
      const factor = rows[j]![i]! / divisor
      for (let k = i; k <= size; k++) rows[j]![k]! -= factor * rows[i]![k]!
    }
  }
  const result = new Array<number>(size).fill(0)
  for (let i = size - 1; i >= 0; i--) {
    let sum = rows[i]![size]!
    for (let j = i + 1; j < size; j++) sum -= rows[i]![j]! * result[j]!
    result[i] = sum / (rows[i]![i]! || 1e-12)
  }
  return result
}
