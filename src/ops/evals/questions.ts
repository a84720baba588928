import { z } from 'zod'
import { PlinthError } from '#kernel'

/** A line of `questions.jsonl`; `samples/README.md` describes the fields. */
export const evalQuestion = z.object({
  id: z.string(),
  question: z.string(),
  language: z.string(),
  assistant: z.string(),
  /** Who asks, by e-mail; null for anybody. */
  asUser: z.string().nullable(),
  answerable: z.boolean(),
  gold: z.array(z.object({ document: z.string(), quote: z.string() })),
  /** Spellings of one fact are separated by a vertical bar. */
  expect: z.array(z.string()),
  forbid: z.array(z.string()).default([]),
  deniedTo: z.array(z.string()).default([]),
})

export type EvalQuestion = z.output<typeof evalQuestion>

const maxQuestions = 10_000

/** Reads questions, one JSON object a line. Throws INVALID_INPUT that names the line. */
export function readQuestions(text: string, file: string): EvalQuestion[] {
  const questions: EvalQuestion[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const where = `${file}:${i + 1}`
    if (questions.length >= maxQuestions) {
      throw new PlinthError('TOO_LARGE', { detail: `Over ${maxQuestions} questions.`, where })
    }
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (cause) {
      throw new PlinthError('INVALID_INPUT', { detail: 'The line is not JSON.', where, cause })
    }
    const parsed = evalQuestion.safeParse(value)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const detail = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`
      throw new PlinthError('INVALID_INPUT', { detail, where })
    }
    questions.push(parsed.data)
  }
  return questions
}
