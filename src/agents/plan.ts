import type { Ground } from '#data'

/** One step of a plan. A plain question has one: answer it from the passages. */
export interface PlanStep {
  kind: 'answer'
  /** Numbers of the passages the step may use. */
  passages: readonly number[]
}

export interface Plan {
  steps: readonly PlanStep[]
  /** Most tokens all steps together may write. */
  maxOutputTokens: number
}

/** The plan for a grounded question: one step over all passages, bounded by the model's output budget. */
export function makePlan(ground: Ground, budget: { maxOutputTokens: number }): Plan {
  const passages = ground.passages.map((passage) => passage.number)
  return { steps: [{ kind: 'answer', passages }], maxOutputTokens: budget.maxOutputTokens }
}
