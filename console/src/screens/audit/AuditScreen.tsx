import type { AuditEvent } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ScrollText, ShieldCheck } from 'lucide-react'
import { useCallback } from 'react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { PageHeader } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { count } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useNarrow } from '../../frame/media.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { AuditFilters } from './AuditFilters.tsx'
import { EventPanel, targetText } from './EventPanel.tsx'
import { ExportButton } from './ExportButton.tsx'

const route = getRouteApi('/app/audit')

export function AuditScreen() {
  return (
    <Guard any={['audit.read']} what="Audit">
      <Audit />
    </Guard>
  )
}

function Audit() {
  const { event, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const narrow = useNarrow()
  const list = useInfiniteQuery(
    queries.audit({ ...filter, from: startOf(filter.from), to: endOf(filter.to) }),
  )
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const open = (seq: number | undefined) =>
    void navigate({ search: (old) => ({ ...old, event: seq }), replace: event !== undefined })
  return (
    <>
      <PageHeader
        title="Audit"
        actions={
          <>
            <ExportButton />
            <Link to="/audit/verify" className={buttonClass('primary')}>
              <ShieldCheck aria-hidden /> Verify
            </Link>
          </>
        }
      />
      <AuditFilters total={total} />
      <div className="flex min-h-0 flex-1">
        <div className="min-w-0 flex-1">
          <Loaded query={list}>
            {() =>
              rows.length === 0 ? (
                <EmptyState icon={<ScrollText aria-hidden />} title="No event fits">
                  Every act that changes something or reads what is protected is written here before
                  it takes effect, and cannot be changed unnoticed afterwards.
                </EmptyState>
              ) : (
                <Table
                  label="Audit events"
                  columns={event === undefined ? columns : columns.slice(0, 4)}
                  rows={rows}
                  total={total}
                  rowKey={({ seq }) => String(seq)}
                  openKey={event === undefined ? undefined : String(event)}
                  onEnd={more}
                  onOpen={({ seq }) => open(seq)}
                />
              )
            }
          </Loaded>
        </div>
        {event === undefined ? null : (
          <aside
            aria-label={`Event ${event}`}
            className={
              narrow
                ? 'fixed inset-0 z-30 overflow-y-auto bg-surface'
                : 'w-[44%] max-w-160 shrink-0 overflow-y-auto border-l border-line'
            }
          >
            <EventPanel seq={event} onClose={() => open(undefined)} />
          </aside>
        )}
      </div>
    </>
  )
}

const columns: Column<AuditEvent>[] = [
  {
    key: 'seq',
    header: 'Event',
    width: '56px',
    align: 'end',
    cell: ({ seq }) => <span className="text-ink-3">{count(seq)}</span>,
  },
  {
    key: 'kind',
    header: 'What',
    width: 'minmax(140px, 1.4fr)',
    cell: ({ kind }) => <span className="font-medium">{kind}</span>,
  },
  {
    key: 'actor',
    header: 'By',
    width: 'minmax(110px, 1.2fr)',
    narrow: 'below',
    cell: ({ actor, actorName }) => (
      <span title={actor} className="text-ink-2">
        {actorName}
      </span>
    ),
  },
  {
    key: 'outcome',
    header: 'Outcome',
    width: '96px',
    cell: ({ outcome }) => <OutcomeBadge outcome={outcome} />,
  },
  {
    key: 'target',
    header: 'Target',
    width: 'minmax(140px, 1.6fr)',
    narrow: 'below',
    cell: ({ target, targetName }) =>
      target === '' ? null : (
        <span title={target} className="text-ink-2">
          {targetText(target, targetName)}
        </span>
      ),
  },
  {
    key: 'at',
    header: 'When',
    width: '96px',
    narrow: 'below',
    cell: ({ at }) => <RelativeTime at={at} />,
  },
]

/** A day of the reader's time zone as the instants that the server compares with. */
function startOf(day: string | undefined): string | undefined {
  return day ? instant(`${day}T00:00:00`) : undefined
}

function endOf(day: string | undefined): string | undefined {
  return day ? instant(`${day}T23:59:59.999`) : undefined
}

function instant(local: string): string | undefined {
  const time = new Date(local)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
