import type { PlinthProblem } from '@plinth/sdk'

export interface LineProblem {
  /** 1-based; absent where the server names no line. */
  line: number | undefined
  column: number | undefined
  message: string
}

/** `input.yaml:7:3`, `input.yaml:7`, `line 7`, `line 7, column 3`. */
export function placeOf(where: string | undefined): Pick<LineProblem, 'line' | 'column'> {
  const match =
    /:(\d+)(?::(\d+))?(?:\D|$)/.exec(where ?? '') ??
    /line (\d+)(?:,? column (\d+))?/i.exec(where ?? '')
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  return { line: number(match?.[1]), column: number(match?.[2]) }
}

/** What is wrong, by line: all findings where the server lists them, else the one that it names. */
export function lineProblemsOf(problem: PlinthProblem): LineProblem[] {
  const findings =
    problem.problems.length > 0
      ? problem.problems
      : [{ where: problem.where ?? '', detail: problem.detail, remedy: problem.remedy }]
  return findings.map(({ where, detail, remedy }) => ({
    ...placeOf(where),
    message: [detail, remedy].filter(Boolean).join(' '),
  }))
}
