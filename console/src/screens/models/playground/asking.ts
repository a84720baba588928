import type { ChatCall } from '@plinth/sdk'

/** What the form says. */
export interface Prompt {
  system: string
  user: string
  temperature: string
  maxTokens: string
  schema: string
  tools: string
}

export type PromptProblems = Partial<Record<keyof Prompt, string>>

/** The calls of a prompt, one for each model; or what is wrong with it, by field. */
export function callsOf(
  prompt: Prompt,
  models: readonly string[],
): { calls: ChatCall[] } | { problems: PromptProblems } {
  const problems: PromptProblems = {}
  const temperature = numberIn(prompt.temperature, { least: 0, most: 2 })
  const maxTokens = numberIn(prompt.maxTokens, { least: 1, most: 1_000_000, whole: true })
  const schema = jsonIn(prompt.schema)
  const tools = jsonIn(prompt.tools)
  if (prompt.user.trim() === '') problems.user = 'Write what the models shall answer.'
  if (temperature === 'wrong') problems.temperature = 'A number from 0 to 2.'
  if (maxTokens === 'wrong') problems.maxTokens = 'A whole number from 1.'
  if ('wrong' in schema) problems.schema = schema.wrong
  else if (schema.value !== undefined && !isObject(schema.value)) {
    problems.schema = 'A JSON schema is an object.'
  }
  if ('wrong' in tools) problems.tools = tools.wrong
  else if (tools.value !== undefined && !Array.isArray(tools.value)) {
    problems.tools = 'Tools are a list of objects.'
  }
  if (Object.keys(problems).length > 0) return { problems }
  const system = prompt.system.trim()
  const shared = {
    messages: [
      ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user' as const, content: prompt.user },
    ],
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof maxTokens === 'number' ? { max_tokens: maxTokens } : {}),
    ...('value' in schema && schema.value !== undefined
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'answer', strict: true, schema: schema.value },
          },
        }
      : {}),
    ...('value' in tools && tools.value !== undefined ? { tools: tools.value } : {}),
  }
  return { calls: models.map((model) => ({ model, ...shared })) }
}

/** Whether a text is JSON, as a structured answer must be. */
export function isJson(text: string): boolean {
  return 'value' in jsonIn(text)
}

function numberIn(
  text: string,
  { least, most, whole = false }: { least: number; most: number; whole?: boolean },
): number | undefined | 'wrong' {
  if (text.trim() === '') return undefined
  const value = Number(text)
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value))
  return fits ? value : 'wrong'
}

function jsonIn(text: string): { value: unknown } | { wrong: string } {
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) }
  } catch (cause) {
    return { wrong: `Not JSON: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
