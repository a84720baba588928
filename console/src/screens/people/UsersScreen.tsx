import type { User } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { UserPlus, UsersRound } from 'lucide-react'
import { useCallback, useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Button } from '../../components/Button.tsx'
import { SearchInput } from '../../components/Field.tsx'
import { Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useUrlText } from '../../data/url-text.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { InviteDialog } from './InviteDialog.tsx'
import { PeopleFrame } from './PeopleFrame.tsx'
import { UserDialog } from './UserDialog.tsx'

const route = getRouteApi('/app/people')

export function UsersScreen() {
  const mayWrite = useMay('people.write')
  const [inviting, setInviting] = useState(false)
  const invite = mayWrite ? (
    <Button variant="primary" icon={<UserPlus aria-hidden />} onClick={() => setInviting(true)}>
      Invite
    </Button>
  ) : null
  return (
    <PeopleFrame tab="/people" permission="people.read" what="The list of people" actions={invite}>
      <Users />
      {inviting ? <InviteDialog onClose={() => setInviting(false)} /> : null}
    </PeopleFrame>
  )
}

function Users() {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const mayWrite = useMay('people.write')
  const [open, setOpen] = useState<string | null>(null)
  const list = useInfiniteQuery(queries.users(filter.search ?? ''))
  const [search, setSearch] = useUrlText(filter.search, (value) =>
    navigate({ search: value ? { search: value } : {}, replace: true }),
  )
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const opened = rows.find(({ id }) => id === open)
  return (
    <>
      <Toolbar>
        <SearchInput
          label="Search names and e-mail"
          value={search}
          onChange={setSearch}
          className="w-full sm:w-72"
        />
        <span role="status" className="ml-auto text-small text-ink-3">
          {total === undefined ? '' : plural(total, 'person', 'people')}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            rows.length === 0 ? (
              <EmptyState icon={<UsersRound aria-hidden />} title="Nobody has this name">
                Invite somebody: they get a link that works once, and then set a password.
              </EmptyState>
            ) : (
              <Table
                label="People"
                columns={columns}
                rows={rows}
                total={total}
                rowKey={({ id }) => id}
                rowHeight={52}
                onEnd={more}
                {...(mayWrite ? { onOpen: ({ id }: User) => setOpen(id) } : {})}
              />
            )
          }
        </Loaded>
      </div>
      {opened ? <UserDialog user={opened} onClose={() => setOpen(null)} /> : null}
    </>
  )
}

const columns: Column<User>[] = [
  {
    key: 'name',
    header: 'Person',
    width: 'minmax(200px, 2fr)',
    cell: ({ name, email }) => (
      <>
        <div className="truncate font-medium">{name}</div>
        <div className="truncate text-small text-ink-3">{email}</div>
      </>
    ),
  },
  {
    key: 'roles',
    header: 'Roles',
    width: 'minmax(110px, 1.2fr)',
    cell: ({ roles }) => <span className="text-ink-2">{roles.join(', ') || 'none'}</span>,
  },
  {
    key: 'groups',
    header: 'Groups',
    width: 'minmax(110px, 1.2fr)',
    narrow: 'below',
    cell: ({ groups }) =>
      groups.length === 0 ? null : <span className="text-ink-2">{groups.join(', ')}</span>,
  },
  {
    key: 'state',
    header: 'State',
    width: '120px',
    narrow: 'below',
    cell: ({ disabled, hasPassword }) =>
      disabled ? (
        <Badge tone="blocked">disabled</Badge>
      ) : (
        <span className="text-ink-3">{hasPassword ? 'active' : 'no password'}</span>
      ),
  },
  {
    key: 'seen',
    header: 'Last seen',
    width: '104px',
    narrow: 'named',
    cell: ({ lastSeenAt }) => <RelativeTime at={lastSeenAt} />,
  },
]
