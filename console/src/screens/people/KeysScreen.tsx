import type { ApiKey } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useCallback, useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Button } from '../../components/Button.tsx'
import { Confirm } from '../../components/Dialog.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, queryClient } from '../../data/client.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { CreateKeyDialog } from './CreateKeyDialog.tsx'
import { PeopleFrame } from './PeopleFrame.tsx'

export function KeysScreen() {
  const mayWrite = useMay('keys.write')
  const [creating, setCreating] = useState(false)
  const create = mayWrite ? (
    <Button variant="primary" icon={<Plus aria-hidden />} onClick={() => setCreating(true)}>
      New key
    </Button>
  ) : null
  return (
    <PeopleFrame
      tab="/people/keys"
      permission="keys.read"
      what="The list of API keys"
      actions={create}
    >
      <Keys />
      {creating ? <CreateKeyDialog onClose={() => setCreating(false)} /> : null}
    </PeopleFrame>
  )
}

function Keys() {
  const mayWrite = useMay('keys.write')
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const list = useInfiniteQuery(queries.keys())
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const action: Column<ApiKey> = {
    key: 'action',
    header: <span className="sr-only">Revoke</span>,
    width: '84px',
    align: 'end',
    cell: (key) =>
      mayWrite && isLive(key) ? (
        <Button variant="danger" className="h-7 px-2" onClick={() => setRevoking(key)}>
          Revoke
        </Button>
      ) : null,
  }
  return (
    <div className="min-h-0 flex-1">
      <Loaded query={list}>
        {() =>
          rows.length === 0 ? (
            <EmptyState icon={<KeyRound aria-hidden />} title="No API key yet">
              A key lets a program ask, search and add documents as somebody, with all of their
              rights or fewer. Its secret is shown once.
            </EmptyState>
          ) : (
            <Table
              label="API keys"
              columns={[...columns, action]}
              rows={rows}
              rowKey={({ id }) => id}
              rowHeight={52}
              onEnd={more}
            />
          )
        }
      </Loaded>
      {revoking ? (
        <Confirm
          open
          onClose={() => setRevoking(null)}
          title={`Revoke the key ${revoking.name}?`}
          effect={`Whatever uses ${revoking.prefix}… is refused from now on. A revoked key cannot be brought back.`}
          action="Revoke the key"
          onConfirm={async () => {
            await plinth.keys.revoke(revoking.id)
            await queryClient.invalidateQueries({ queryKey: ['keys'] })
            toast({ title: `${revoking.name} is revoked.` })
          }}
        />
      ) : null}
    </div>
  )
}

function isLive({ revokedAt, expiresAt }: ApiKey): boolean {
  return revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now())
}

const columns: Column<ApiKey>[] = [
  {
    key: 'name',
    header: 'Key',
    width: 'minmax(150px, 1.6fr)',
    cell: ({ name, prefix }) => (
      <>
        <div className="truncate font-medium">{name}</div>
        <code className="block truncate font-mono text-small text-ink-3">{prefix}…</code>
      </>
    ),
  },
  {
    key: 'user',
    header: 'Acts as',
    width: 'minmax(110px, 1fr)',
    narrow: 'below',
    cell: ({ userName }) => <span className="text-ink-2">{userName}</span>,
  },
  {
    key: 'scopes',
    header: 'Limited to',
    width: 'minmax(130px, 1.4fr)',
    narrow: 'below',
    cell: ({ scopes }) => (
      <span className="text-ink-2" title={scopes.join(', ')}>
        {scopes.includes('*') ? 'everything they may do' : scopes.join(', ')}
      </span>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: '132px',
    narrow: 'below',
    cell: (key) =>
      key.revokedAt !== null ? (
        <Badge>revoked</Badge>
      ) : isLive(key) ? (
        <span className="text-ink-2">
          {key.expiresAt === null ? (
            'valid until revoked'
          ) : (
            <>
              ends <RelativeTime at={key.expiresAt} />
            </>
          )}
        </span>
      ) : (
        <Badge tone="warning">expired</Badge>
      ),
  },
  {
    key: 'used',
    header: 'Last used',
    width: '104px',
    narrow: 'hide',
    cell: ({ lastUsedAt }) => <RelativeTime at={lastUsedAt} />,
  },
]
