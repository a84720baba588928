import { useCallback, useEffect, useState } from 'react'
import { readDraft, writeDraft } from '../../../data/drafts.ts'
import type { Prompt } from './asking.ts'

const fields = ['system', 'user', 'temperature', 'maxTokens', 'schema', 'tools'] as const
const keyOf = (field: string) => `playground.${field}`

/**
 * The prompt as a draft of this tab. What a link says takes its place, once: the address is then emptied of it, so that
 * texts do not stand in the history of the browser for longer than they must.
 */
export function usePrompt(
  linked: Partial<Prompt>,
  taken: () => void,
): [Prompt, (part: Partial<Prompt>) => void] {
  const read = () => {
    const given = fields.some((field) => linked[field] !== undefined)
    if (given) for (const field of fields) writeDraft(keyOf(field), linked[field] ?? '')
    return Object.fromEntries(fields.map((field) => [field, readDraft(keyOf(field))])) as never
  }
  const [prompt, setPrompt] = useState<Prompt>(read)
  const mark = JSON.stringify(linked)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link counts once
  useEffect(() => {
    if (mark === '{}') return
    setPrompt(read())
    taken()
  }, [mark])
  const change = useCallback((part: Partial<Prompt>) => {
    for (const [field, value] of Object.entries(part)) writeDraft(keyOf(field), value)
    setPrompt((old) => ({ ...old, ...part }))
  }, [])
  return [prompt, change]
}
