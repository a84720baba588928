import type { AuditEvent } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ScrollText, ShieldCheck } from 'lucide-react'
import { useCallback } from 'react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { Input, SearchInput } from '../../components/Field.tsx'
import { PageHeader, Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { count, plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useUrlText } from '../../data/url-text.ts'
import { useNarrow } from '../../frame/media.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { EventPanel } from './EventPanel.tsx'
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

function AuditFilters({ total }: { total: number | undefined }) {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const [search, setSearch] = useUrlText(filter.search, (value) => change({ search: value }))
  const [kind, setKind] = useUrlText(filter.kind, (value) => change({ kind: value }))
  const [actor, setActor] = useUrlText(filter.actor, (value) => change({ actor: value }))
  const [target, setTarget] = useUrlText(filter.target, (value) => change({ target: value }))
  return (
    <Toolbar>
      <SearchInput
        label="Search events"
        value={search}
        onChange={setSearch}
        className="w-full sm:w-60"
      />
      <Filter label="Kind" value={kind} onChange={setKind} />
      <Filter label="By (id)" value={actor} onChange={setActor} />
      <Filter label="Target" value={target} onChange={setTarget} />
      <Day label="From" value={filter.from} onChange={(from) => change({ from })} />
      <Day label="To" value={filter.to} onChange={(to) => change({ to })} />
      <span role="status" className="ml-auto text-small text-ink-3">
        {total === undefined ? '' : plural(total, 'event')}
      </span>
    </Toolbar>
  )
}

interface FilterProps {
  label: string
  value: string
  onChange: (value: string) => void
}

function Filter({ label, value, onChange }: FilterProps) {
  return (
    <Input
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className="w-28! max-sm:hidden"
    />
  )
}

interface DayProps {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function Day({ label, value, onChange }: DayProps) {
  return (
    <Input
      type="date"
      aria-label={`${label} (day, your time zone)`}
      title={`${label} (day, your time zone)`}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
      className="w-34! max-sm:flex-1"
    />
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
    cell: ({ actor, actorName }) => <span className="text-ink-2">{actorName ?? actor}</span>,
  },
  {
    key: 'outcome',
    header: 'Outcome',
    width: '96px',
    wideOnly: true,
    cell: ({ outcome }) => <OutcomeBadge outcome={outcome} />,
  },
  {
    key: 'target',
    header: 'Target',
    width: 'minmax(140px, 1.6fr)',
    wideOnly: true,
    cell: ({ target }) => <span className="text-ink-2">{target}</span>,
  },
  {
    key: 'at',
    header: 'When',
    width: '96px',
    wideOnly: true,
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
