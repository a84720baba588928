import { createClient, PlinthProblem } from '@plinth/sdk'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { serverBack } from './reach.ts'

/** The console's only way to the server. */
export const plinth = createClient()

/** Told when the server no longer knows who is here: the session ended, or was ended elsewhere. */
export const signedOut: { tell: () => void } = { tell: () => {} }

const onError = (cause: unknown) => {
  if (!(cause instanceof PlinthProblem)) return
  if (cause.status === 401) signedOut.tell()
  if (cause.status === 0) void refreshWhenBack()
}

/** What could not be had while the server was away is asked for again, and so is what may have changed meanwhile. */
async function refreshWhenBack(): Promise<void> {
  if (await serverBack()) await queryClient.invalidateQueries()
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, cause) => failures < 2 && worthRetrying(cause),
      refetchOnWindowFocus: true,
    },
  },
})

/** Only what may pass by itself: no answer, or the server cannot just now. */
function worthRetrying(cause: unknown): boolean {
  if (!(cause instanceof PlinthProblem)) return false
  return cause.status === 0 || cause.status === 503 || cause.status === 504
}

/** Any failure as a problem that an ErrorPanel can show. */
export function problemOf(cause: unknown): PlinthProblem {
  if (cause instanceof PlinthProblem) return cause
  return new PlinthProblem({
    code: 'CONSOLE_FAULT',
    detail: cause instanceof Error ? cause.message : String(cause),
    remedy: 'Reload the page; if it happens again, report it with this text.',
  })
}
