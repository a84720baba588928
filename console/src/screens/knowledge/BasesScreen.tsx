import type { KnowledgeBase } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Library, Plus } from 'lucide-react'
import { Badge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { PageHeader } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { count } from '../../data/format.ts'
import { useLiveJobs } from '../../data/live-jobs.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'

export function BasesScreen() {
  return (
    <Guard any={['documents.read']} what="Knowledge">
      <Bases />
    </Guard>
  )
}

const columns: Column<KnowledgeBase>[] = [
  {
    key: 'name',
    header: 'Knowledge base',
    width: 'minmax(220px, 2.5fr)',
    cell: ({ name, description }) => (
      <>
        <div className="truncate font-medium">{name}</div>
        <div className="truncate text-small text-ink-3">{description}</div>
      </>
    ),
  },
  {
    key: 'documents',
    header: 'Documents',
    width: 'minmax(150px, 1.2fr)',
    cell: ({ documents }) => <DocumentCounts documents={documents} />,
  },
  {
    key: 'chunks',
    header: 'Chunks',
    width: '80px',
    align: 'end',
    narrow: 'hide',
    cell: ({ chunks }) => count(chunks),
  },
  {
    key: 'search',
    header: 'Search',
    width: 'minmax(150px, 1.2fr)',
    narrow: 'below',
    cell: ({ dense, chunks }) => (
      <span title={dense.off ?? undefined} className="text-ink-2">
        {searchWords(dense, chunks)}
      </span>
    ),
  },
  {
    key: 'masking',
    header: 'Personal data',
    width: '110px',
    narrow: 'below',
    cell: ({ maskingMode }) => maskingWords[maskingMode],
  },
  {
    key: 'updated',
    header: 'Changed',
    width: '100px',
    narrow: 'below',
    cell: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
  },
]

function searchWords(dense: KnowledgeBase['dense'], chunks: number): string {
  if (!dense.embedder) return 'lexical only'
  if (dense.embedded >= chunks) return 'lexical and dense'
  return `dense for ${count(dense.embedded)} of ${count(chunks)}`
}

const maskingWords = {
  off: <span className="text-ink-3">as it is</span>,
  label: 'labelled',
  mask: 'masked',
}

function Bases() {
  const bases = useQuery(queries.bases())
  const navigate = useNavigate()
  const mayWrite = useMay('resources.write')
  useLiveJobs()
  const create = mayWrite ? (
    <Link
      to="/resources/new"
      search={{ kind: 'KnowledgeBase' }}
      className={buttonClass('secondary')}
    >
      <Plus aria-hidden /> New
    </Link>
  ) : null
  return (
    <>
      <PageHeader title="Knowledge" actions={create} />
      <div className="min-h-0 flex-1">
        <Loaded query={bases}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState
                icon={<Library aria-hidden />}
                title="No knowledge base yet"
                action={create}
              >
                A knowledge base holds documents that are searched together. Make one, give it a
                source (a folder or uploads), and assistants can answer from it.
              </EmptyState>
            ) : (
              <Table
                label="Knowledge bases"
                columns={columns}
                rows={items}
                rowKey={({ name }) => name}
                rowHeight={56}
                onOpen={({ name }) =>
                  void navigate({ to: '/knowledge/$base', params: { base: name } })
                }
              />
            )
          }
        </Loaded>
      </div>
    </>
  )
}

/** How many documents can be asked, are on their way, or could not be read. */
export function DocumentCounts({ documents }: Pick<KnowledgeBase, 'documents'>) {
  return (
    <span className="inline-flex items-center gap-1.5">
      {count(documents.ready)}
      <Unready documents={documents} />
    </span>
  )
}

export function Unready({ documents }: Pick<KnowledgeBase, 'documents'>) {
  const { pending, failed } = documents
  return (
    <span className="inline-flex items-center gap-1.5">
      {pending > 0 ? <Badge tone="accent">{count(pending)} pending</Badge> : null}
      {failed > 0 ? <Badge tone="blocked">{count(failed)} failed</Badge> : null}
    </span>
  )
}
