import type { ResourceKind, ResourceSummary } from '@plinth/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Blocks, Plus } from 'lucide-react'
import { useCallback } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { SearchInput, Select } from '../../components/Field.tsx'
import { PageHeader, Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { plural } from '../../data/format.ts'
import { kindNotes, resourceKinds } from '../../data/kinds.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useUrlText } from '../../data/url-text.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'

const route = getRouteApi('/app/resources')

export function ResourcesScreen() {
  return (
    <Guard any={['resources.read']} what="Resources">
      <Resources />
    </Guard>
  )
}

function Resources() {
  const filter = route.useSearch()
  const { kind } = filter
  const navigate = route.useNavigate()
  const mayWrite = useMay('resources.write')
  const list = useInfiniteQuery(queries.resources(filter))
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const [search, setSearch] = useUrlText(filter.search, (value) => change({ search: value }))
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const create = mayWrite ? (
    <Link to="/resources/new" search={kind ? { kind } : {}} className={buttonClass('primary')}>
      <Plus aria-hidden /> New
    </Link>
  ) : null
  return (
    <>
      <PageHeader title="Resources" actions={create} />
      {mayWrite ? <Offers /> : null}
      <Toolbar>
        <SearchInput
          label="Search names"
          value={search}
          onChange={setSearch}
          className="w-full sm:w-60"
        />
        <Select
          aria-label="Kind"
          value={kind ?? ''}
          onChange={(value) => change({ kind: (value || undefined) as ResourceKind })}
          choices={[
            { value: '', label: 'Any kind' },
            ...resourceKinds.map((value) => ({ value, label: value })),
          ]}
        />
        <span className="min-w-0 flex-1 truncate text-ink-3 max-lg:hidden">
          {kind ? kindNotes[kind] : ''}
        </span>
        <span role="status" className="ml-auto text-small text-ink-3">
          {total === undefined ? '' : plural(total, 'resource')}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            rows.length === 0 ? (
              <EmptyState
                icon={<Blocks aria-hidden />}
                title={kind ? `No ${kind} yet` : 'No resource fits'}
                action={create}
              >
                {kind
                  ? kindNotes[kind]
                  : 'Resources are what shapes behaviour: versioned, compared, rolled back.'}
              </EmptyState>
            ) : (
              <Table
                label="Resources"
                columns={columns}
                rows={rows}
                total={total}
                rowKey={(row) => `${row.kind}/${row.name}`}
                onEnd={more}
                onOpen={(row) =>
                  void navigate({
                    to: '/resources/$kind/$name',
                    params: { kind: row.kind, name: row.name },
                  })
                }
              />
            )
          }
        </Loaded>
      </div>
    </>
  )
}

/** What the server noticed in its surroundings and could use, once somebody says so. */
function Offers() {
  const offers = useQuery(queries.status()).data?.offers ?? []
  return offers.map(({ name, note }) => (
    <div
      key={name}
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line
        bg-accent-soft px-4 py-2"
    >
      <span className="min-w-0 flex-1">{note}</span>
      <Link
        to="/resources/new"
        search={{ kind: 'Provider', offer: name }}
        className="rounded font-medium text-accent hover:underline"
      >
        Look at it and apply
      </Link>
    </div>
  ))
}

const columns: Column<ResourceSummary>[] = [
  {
    key: 'kind',
    header: 'Kind',
    width: '130px',
    cell: ({ kind }) => <span className="text-ink-2">{kind}</span>,
  },
  {
    key: 'name',
    header: 'Name',
    width: 'minmax(140px, 2fr)',
    cell: ({ name }) => <span className="font-medium">{name}</span>,
  },
  {
    key: 'labels',
    header: 'Labels',
    width: 'minmax(120px, 1.2fr)',
    narrow: 'below',
    cell: ({ labels }) => (labels.length === 0 ? null : <Labels labels={labels} />),
  },
  {
    key: 'revision',
    header: 'Version',
    width: '64px',
    align: 'end',
    cell: ({ revision }) => revision,
  },
  {
    key: 'project',
    header: 'Project',
    width: 'minmax(90px, 0.8fr)',
    narrow: 'below',
    cell: ({ project }) => <span className="text-ink-2">{project}</span>,
  },
  {
    key: 'by',
    header: 'Changed by',
    width: 'minmax(110px, 1fr)',
    narrow: 'below',
    cell: ({ updatedByName }) => <span className="text-ink-2">{updatedByName}</span>,
  },
  {
    key: 'at',
    header: 'Changed',
    width: '96px',
    narrow: 'below',
    cell: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
  },
]

export function Labels({ labels }: { labels: string[] }) {
  return (
    <span className="inline-flex flex-wrap gap-1">
      {labels.map((label) => (
        <Badge key={label} tone="accent">
          {label}
        </Badge>
      ))}
    </span>
  )
}
