import type { Source } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { FileUp, TextCursorInput } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { PageHeader, TabLinks } from '../../components/Page.tsx'
import { problemOf } from '../../data/client.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { addUploads } from '../../data/uploads.ts'
import { Guard } from '../../frame/Screens.tsx'
import { AddTextDialog } from './AddTextDialog.tsx'
import { Unready } from './BasesScreen.tsx'
import { UploadDialog } from './UploadDialog.tsx'
import { useDrop } from './use-drop.ts'

interface BaseFrameProps {
  base: string
  tab: 'documents' | 'sources' | 'search'
  children: ReactNode
}

/** What the pages of one knowledge base have in common: its name, its tabs, and that files can be dropped on it. */
export function BaseFrame(props: BaseFrameProps) {
  return (
    <Guard any={['documents.read']} what="Knowledge">
      <BasePage {...props} />
    </Guard>
  )
}

function BasePage({ base: name, tab, children }: BaseFrameProps) {
  const base = useQuery(queries.base(name))
  const sources = useQuery(queries.sources(name)).data?.items
  const uploadSources = (sources ?? []).filter(({ kind }) => kind === 'upload')
  const mayWrite = useMay('documents.write')
  const [dialog, setDialog] = useState<'upload' | 'text' | null>(null)
  const [chosen, setChosen] = useState<File[]>([])
  const drop = useDrop(mayWrite, (files) => {
    const [only, ...others] = uploadSources
    if (only && others.length === 0) return addUploads(only.name, files)
    setChosen(files)
    setDialog('upload')
  })
  const path = `/knowledge/${encodeURIComponent(name)}`
  const to = { documents: path, sources: `${path}/sources`, search: `${path}/search` }
  const counts = base.data?.documents
  const all = counts && counts.ready + counts.pending + counts.failed
  return (
    <div className="relative flex min-h-0 flex-1 flex-col" {...drop.handlers}>
      <PageHeader
        title={name}
        trail={[{ label: 'Knowledge', to: '/knowledge' }]}
        beside={
          counts ? (
            <span className="ml-2 max-sm:hidden">
              <Unready documents={counts} />
            </span>
          ) : null
        }
        actions={
          mayWrite ? (
            <>
              <Button icon={<TextCursorInput aria-hidden />} onClick={() => setDialog('text')}>
                <span className="max-sm:sr-only">Add text</span>
              </Button>
              <Button
                variant="primary"
                icon={<FileUp aria-hidden />}
                onClick={() => setDialog('upload')}
              >
                <span className="max-sm:sr-only">Upload</span>
              </Button>
            </>
          ) : null
        }
      />
      <TabLinks
        label={`Parts of ${name}`}
        active={to[tab]}
        tabs={[
          { to: to.documents, label: 'Documents', count: all },
          { to: to.sources, label: 'Sources', count: base.data?.sources },
          { to: to.search, label: 'Search bench' },
        ]}
      />
      {base.error ? (
        <div className="p-4">
          <ErrorPanel problem={problemOf(base.error)} onRetry={() => void base.refetch()} />
        </div>
      ) : (
        children
      )}
      {drop.over ? <DropNote sources={uploadSources} base={name} /> : null}
      {dialog === 'upload' && sources ? (
        <UploadDialog
          base={name}
          sources={uploadSources}
          initial={chosen}
          onClose={() => {
            setDialog(null)
            setChosen([])
          }}
        />
      ) : null}
      {dialog === 'text' && sources ? (
        <AddTextDialog base={name} sources={uploadSources} onClose={() => setDialog(null)} />
      ) : null}
    </div>
  )
}

function DropNote({ sources, base }: { sources: Source[]; base: string }) {
  const [only, ...others] = sources
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute inset-2 z-20 flex items-center justify-center
        rounded-lg border-2 border-dashed border-accent bg-accent-soft text-center text-title
        font-semibold text-accent"
    >
      Drop the files to add them to {only && others.length === 0 ? only.name : base}
    </div>
  )
}
