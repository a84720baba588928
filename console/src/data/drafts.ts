import { useCallback, useEffect, useState } from 'react'

const prefix = 'plinth.draft.'

export function readDraft(key: string): string {
  try {
    return sessionStorage.getItem(prefix + key) ?? ''
  } catch {
    return ''
  }
}

export function writeDraft(key: string, value: string): void {
  try {
    if (value === '') sessionStorage.removeItem(prefix + key)
    else sessionStorage.setItem(prefix + key, value)
  } catch {
    // Storage is off or full: the draft lives as long as the page.
  }
}

/** For whoever signs in next: what was typed here is not theirs. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(prefix)) sessionStorage.removeItem(key)
    }
  } catch {
    // Storage is off: there is nothing to forget.
  }
}

/** Text that survives a reload, a wrong turn and a failed request: kept per key until it is emptied. */
export function useDraft(key: string, initial = ''): [string, (value: string) => void] {
  const [state, setState] = useState({ key, value: readDraft(key) || initial })
  useEffect(() => {
    setState((old) => (old.key === key ? old : { key, value: readDraft(key) || initial }))
  }, [key, initial])
  const set = useCallback(
    (value: string) => {
      writeDraft(key, value === initial ? '' : value)
      setState({ key, value })
    },
    [key, initial],
  )
  return [state.key === key ? state.value : readDraft(key) || initial, set]
}
