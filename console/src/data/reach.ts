import { useSyncExternalStore } from 'react'

const firstPauseMs = 500
const longestPauseMs = 5_000
const answerMs = 5_000
const listeners = new Set<() => void>()
/** Stands while the server is away; resolves when it answers again. */
let back: Promise<void> | undefined

/** Whether the server was found not to answer, and does not yet again. */
export function useAway(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => back !== undefined,
  )
}

/** Called after something got no answer. Waits until the server answers; tells whether it was away at all. */
export async function serverBack(): Promise<boolean> {
  if (!back) {
    if (await answers()) return false
    back ??= untilBack()
    tell()
  }
  await back
  return true
}

/**
 * Loads a part of the console, also through a restart of the server. Throws where the server answers and has no such
 * part: it serves another build by now, and the page has to be loaded anew.
 */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load()
    } catch (cause) {
      if (!(await serverBack())) throw cause
    }
  }
}

async function untilBack(): Promise<void> {
  let pause = firstPauseMs
  do {
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 2, longestPauseMs)
  } while (!(await answers()))
  back = undefined
  tell()
}

function tell() {
  for (const listener of listeners) listener()
}

/** A proxy before a server that is gone answers too, with one of two statuses. */
async function answers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(answerMs)
    const { status } = await fetch('/api/v1/health', { cache: 'no-store', signal })
    return status !== 502 && status !== 504
  } catch {
    return false
  }
}
