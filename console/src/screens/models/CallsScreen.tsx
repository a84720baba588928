import type { ModelCall } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { PhoneCall } from 'lucide-react'
import { useCallback } from 'react'
import { Badge, OutcomeBadge } from '../../components/Badge.tsx'
import { Select } from '../../components/Field.tsx'
import { Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { costText, count, durationText } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { Chips } from './Chips.tsx'
import { faults } from './figures.ts'
import { ModelsFrame } from './ModelsFrame.tsx'

const route = getRouteApi('/app/models/calls')

export function CallsScreen() {
  return (
    <ModelsFrame tab="/models/calls">
      <Calls />
    </ModelsFrame>
  )
}

function Calls() {
  const filter = route.useSearch()
  const { outcome, fault, ...chips } = filter
  const navigate = route.useNavigate()
  const readsAll = useMay('traces.read')
  const list = useInfiniteQuery(queries.calls(filter))
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  return (
    <>
      <Toolbar>
        <Select
          aria-label="Outcome"
          value={outcome ?? ''}
          onChange={(value) => change({ outcome: value || undefined })}
          choices={[{ value: '', label: 'Any outcome' }, ...outcomes]}
        />
        <Select
          aria-label="Whose fault"
          value={fault ?? ''}
          onChange={(value) => change({ fault: value || undefined })}
          choices={[
            { value: '', label: 'Any fault' },
            ...faults.map((value) => ({ value, label: value })),
          ]}
        />
        <Chips
          filter={chips}
          nameOf={(dimension, value) => nameIn(rows, dimension, value)}
          onRemove={(name) => change({ [name]: undefined })}
        />
        <span role="status" className="ml-auto text-small text-ink-3">
          {readsAll ? '' : 'Your own calls'}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            rows.length === 0 ? (
              <NoCalls
                filtered={Object.keys(filter).length > 0}
                onAll={() => void navigate({ search: {} })}
              />
            ) : (
              <Table
                label="Calls of models"
                columns={columns}
                rows={rows}
                rowKey={({ id }) => id}
                onEnd={more}
                onOpen={({ id }) =>
                  void navigate({ to: '/models/calls/$callId', params: { callId: id } })
                }
              />
            )
          }
        </Loaded>
      </div>
    </>
  )
}

const outcomes = ['answered', 'failed', 'cut', 'cancelled', 'refused'].map((value) => ({
  value,
  label: value,
}))

/** A user or key that is filtered for is in every row. */
function nameIn(rows: ModelCall[], dimension: string, value: string): string | undefined {
  if (dimension === 'user') return rows.find(({ userId }) => userId === value)?.userName
  if (dimension === 'key') return rows.find(({ keyId }) => keyId === value)?.keyName ?? undefined
  return undefined
}

function NoCalls({ filtered, onAll }: { filtered: boolean; onAll: () => void }) {
  return (
    <EmptyState
      icon={<PhoneCall aria-hidden />}
      title={filtered ? 'No call fits these filters' : 'No application has called a model yet'}
      action={
        filtered ? (
          <button type="button" onClick={onAll} className="rounded text-accent hover:underline">
            Show every call
          </button>
        ) : null
      }
    >
      {filtered ? null : (
        <>
          Each call of a model by an application is one row here: who, which model, tokens, cost,
          and why this model. An application needs this address only:{' '}
          <code>{`${location.origin}/v1`}</code>
        </>
      )}
    </EmptyState>
  )
}

const columns: Column<ModelCall>[] = [
  {
    key: 'model',
    header: 'Model',
    width: 'minmax(140px, 1.6fr)',
    cell: ({ asked, model }) => (
      <>
        <span className="font-medium">{model ?? asked}</span>
        {model === null || model === asked ? null : (
          <span className="text-ink-3"> for {asked}</span>
        )}
      </>
    ),
  },
  {
    key: 'outcome',
    header: 'Outcome',
    width: 'minmax(104px, 1fr)',
    cell: ({ outcome, fault }) => (
      <span className="inline-flex gap-1.5">
        <OutcomeBadge outcome={outcome} />
        {fault ? <Badge title="Whose fault">{fault}</Badge> : null}
      </span>
    ),
  },
  {
    key: 'by',
    header: 'By',
    width: 'minmax(120px, 1.3fr)',
    narrow: 'below',
    cell: ({ keyName, userName }) => <span className="text-ink-2">{keyName ?? userName}</span>,
  },
  {
    key: 'useCase',
    header: 'Use case',
    width: 'minmax(80px, 0.8fr)',
    narrow: 'hide',
    cell: ({ useCase }) => (useCase ? <span className="text-ink-2">{useCase}</span> : null),
  },
  {
    key: 'tokens',
    header: 'Tokens',
    width: '112px',
    align: 'end',
    narrow: 'hide',
    cell: ({ inputTokens, outputTokens, estimated }) =>
      `${estimated ? '≈ ' : ''}${count(inputTokens)} + ${count(outputTokens)}`,
  },
  {
    key: 'cost',
    header: 'Cost',
    width: '84px',
    align: 'end',
    narrow: 'named',
    cell: ({ costUsd, unpriced }) => {
      if (costUsd !== null) return costText(costUsd)
      return unpriced ? <span className="text-ink-3">unknown</span> : null
    },
  },
  {
    key: 'first',
    header: 'First token',
    width: '88px',
    align: 'end',
    narrow: 'hide',
    cell: ({ firstTokenMs }) => (firstTokenMs === null ? null : durationText(firstTokenMs)),
  },
  {
    key: 'took',
    header: 'Took',
    width: '80px',
    align: 'end',
    narrow: 'below',
    cell: ({ totalMs, outcome }) => (outcome === 'refused' ? null : durationText(totalMs)),
  },
  {
    key: 'at',
    header: 'When',
    width: '96px',
    narrow: 'below',
    cell: ({ at }) => <RelativeTime at={at} />,
  },
]
