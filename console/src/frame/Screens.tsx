import { useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { Lock, Unplug } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button, buttonClass } from '../components/Button.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { PageHeader } from '../components/Page.tsx'
import { EmptyState, Skeleton } from '../components/States.tsx'
import { problemOf } from '../data/client.ts'
import { queries } from '../data/queries.ts'
import { useMay } from '../data/session.ts'

export function NotFoundScreen() {
  return (
    <>
      <PageHeader title="Not found" />
      <EmptyState
        title="There is no such page, or you may not see it"
        action={
          <Link to="/ask" className={buttonClass('primary')}>
            Go to Ask
          </Link>
        }
      >
        Check the address. If somebody sent it to you, ask them whether you should have access.
      </EmptyState>
    </>
  )
}

/** Why somebody cannot see this, and whom to ask. */
export function ForbiddenScreen({ permission, what }: { permission: string; what: string }) {
  const me = useQuery(queries.me()).data
  return (
    <EmptyState icon={<Lock aria-hidden />} title={`${what} needs the permission ${permission}`}>
      You are signed in as {me?.email}
      {me?.roles.length ? ` with the role ${me.roles.join(', ')}` : ' without a role'}. Ask an owner
      of {me?.organization.name ?? 'the organization'} to give you a role that holds it.
    </EmptyState>
  )
}

interface GuardProps {
  /** Any of these is enough. */
  any: string[]
  what: string
  /** The page around it has its own header. */
  bare?: boolean
  children: ReactNode
}

/** Shows a page to those who may see it, and the reason to the others. The server decides; this explains. */
export function Guard({ any, what, bare, children }: GuardProps) {
  const me = useQuery(queries.me()).data
  const first = useMay(any[0] ?? '')
  const second = useMay(any[1] ?? any[0] ?? '')
  if (!me) return <Skeleton />
  if (first || second) return children
  return (
    <>
      {bare ? null : <PageHeader title={what} />}
      <ForbiddenScreen permission={any[0] ?? ''} what={what} />
    </>
  )
}

/** A fault in a page, or a page whose data could not be had. */
export function FaultScreen({ error }: { error: unknown }) {
  const router = useRouter()
  const problem = problemOf(error)
  return (
    <>
      <PageHeader title="Something went wrong" />
      <div className="mx-auto w-full max-w-2xl p-6">
        <ErrorPanel
          problem={problem}
          // A fault of the page, or a part of an older build: only a new page can do better.
          onRetry={() =>
            problem.code === 'CONSOLE_FAULT' ? location.reload() : void router.invalidate()
          }
        />
      </div>
    </>
  )
}

/** No server, no session: nothing of the frame can be shown. */
export function UnreachableScreen({ error }: { error: unknown }) {
  return (
    <main className="mx-auto grid h-dvh max-w-xl content-center gap-4 p-6">
      <h1 className="flex items-center gap-2 text-title font-semibold">
        <Unplug aria-hidden className="size-5" /> The console cannot start
      </h1>
      <ErrorPanel problem={problemOf(error)} />
      <div>
        <Button variant="primary" onClick={() => location.reload()}>
          Try again
        </Button>
      </div>
    </main>
  )
}

interface LoadedProps<T> {
  query: { data: T | undefined; error: unknown; refetch: () => unknown }
  lines?: number
  children: (data: T) => ReactNode
}

/** A part of a page that waits for data: lines while it loads, the problem where it fails. */
export function Loaded<T>({ query, lines, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) {
    return (
      <div className="p-4">
        <ErrorPanel problem={problemOf(query.error)} onRetry={() => void query.refetch()} />
      </div>
    )
  }
  return lines ? <Skeleton lines={lines} /> : <Skeleton />
}
