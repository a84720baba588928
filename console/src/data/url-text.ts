import { useEffect, useRef, useState } from 'react'

const pauseMs = 250

/** A text field whose value lives in the address: typed at once, written there when the typing pauses. */
export function useUrlText(
  value: string | undefined,
  write: (value: string | undefined) => void,
): [string, (value: string) => void] {
  const [typed, setTyped] = useState(value ?? '')
  const written = useRef(value ?? '')
  const latest = useRef(write)
  latest.current = write
  useEffect(() => {
    // Changed from outside: back, forward, a link.
    if ((value ?? '') === written.current) return
    written.current = value ?? ''
    setTyped(value ?? '')
  }, [value])
  useEffect(() => {
    if (typed === written.current) return
    const timer = setTimeout(() => {
      written.current = typed
      latest.current(typed.trim() === '' ? undefined : typed)
    }, pauseMs)
    return () => clearTimeout(timer)
  }, [typed])
  return [typed, setTyped]
}
