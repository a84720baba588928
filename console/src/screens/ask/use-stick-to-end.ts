import { useEffect, useLayoutEffect, useRef } from 'react'

const near = 80

/** Keeps the end in sight while words arrive, unless the reader has scrolled up. */
export function useStickToEnd(change: string) {
  const element = useRef<HTMLDivElement>(null)
  const sticks = useRef(true)
  useEffect(() => {
    const scroller = element.current
    if (!scroller) return
    const scrolled = () => {
      const rest = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight
      sticks.current = rest < near
    }
    scroller.addEventListener('scroll', scrolled, { passive: true })
    return () => scroller.removeEventListener('scroll', scrolled)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the change is what it follows
  useLayoutEffect(() => {
    const scroller = element.current
    if (scroller && sticks.current) scroller.scrollTop = scroller.scrollHeight
  }, [change])
  return element
}
