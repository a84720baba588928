import type { ApplyResult, PlinthProblem } from '@plinth/sdk'
import { useEffect, useState } from 'react'
import { plinth, problemOf } from '../../data/client.ts'

/** idle: nothing to check · checking: the server looks at it · valid: it would be applied so · wrong: it would not. */
export type Validation =
  | { state: 'idle' | 'checking' }
  | { state: 'valid'; result: ApplyResult }
  | { state: 'wrong'; problem: PlinthProblem }

const pauseMs = 400

/** Asks the server what applying the text would do, when the typing pauses. */
export function useValidation(yaml: string, enabled: boolean): Validation {
  const [validation, setValidation] = useState<Validation>({ state: 'idle' })
  useEffect(() => {
    if (!enabled || yaml.trim() === '') return setValidation({ state: 'idle' })
    let left = false
    const timer = setTimeout(async () => {
      setValidation((old) => (old.state === 'idle' ? { state: 'checking' } : old))
      try {
        const result = await plinth.resources.apply({ yaml, dryRun: true })
        if (!left) setValidation({ state: 'valid', result })
      } catch (cause) {
        if (!left) setValidation({ state: 'wrong', problem: problemOf(cause) })
      }
    }, pauseMs)
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [yaml, enabled])
  return validation
}
