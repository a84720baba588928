import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronDown, ChevronUp, ExternalLink, X } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../components/Button.tsx'
import { Segments } from '../components/Segments.tsx'
import { Tip } from '../components/Tooltip.tsx'
import { queries } from '../data/queries.ts'
import { Loaded } from '../frame/Screens.tsx'
import { isPdf, NoOriginal } from './NoOriginal.tsx'
import { PdfView } from './PdfView.tsx'
import { TextView } from './TextView.tsx'
import type { TextSpan } from './text-groups.ts'

interface SourceViewerProps {
  number: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  /** What supports the sentences that carry this number. */
  spans: readonly TextSpan[]
  page: number | null
  onStep: (by: 1 | -1) => void
  onClose: () => void
}

/** The cited document, open at the passage. */
export function SourceViewer(props: SourceViewerProps) {
  const { number, documentId, versionId, title, headingPath, spans, page, onStep, onClose } = props
  const text = useQuery(queries.documentText(documentId, versionId))
  const [view, setView] = useState<'page' | 'text'>('page')
  const hasPages = text.data !== undefined && isPdf(text.data) && text.data.originalAvailable
  return (
    <>
      <header className="flex min-h-12 shrink-0 items-center gap-2 border-b border-line px-3">
        <span className="cite shrink-0" data-active="true">
          {number}
        </span>
        <div className="min-w-0 flex-1 py-1">
          <h2 className="truncate font-semibold" title={title}>
            {title}
          </h2>
          {headingPath.length > 0 ? (
            <p className="truncate text-small text-ink-3">{headingPath.join(' › ')}</p>
          ) : null}
        </div>
        {hasPages ? (
          <Segments
            label="View"
            value={view}
            onChange={(value) => setView(value as 'page' | 'text')}
            choices={[
              { value: 'page', label: 'Page' },
              { value: 'text', label: 'Text' },
            ]}
          />
        ) : null}
        <span className="flex">
          <IconButton label="Source before" keys="[" onClick={() => onStep(-1)} className="w-7">
            <ChevronUp aria-hidden />
          </IconButton>
          <IconButton label="Next source" keys="]" onClick={() => onStep(1)} className="w-7">
            <ChevronDown aria-hidden />
          </IconButton>
          <Tip label="Open the document">
            <Link
              to="/documents/$documentId"
              params={{ documentId }}
              search={{ version: versionId, start: spans[0]?.start, end: spans[0]?.end }}
              aria-label="Open the document"
              className="inline-flex h-8 w-7 items-center justify-center rounded-md text-ink-3
                hover:bg-hover hover:text-ink"
            >
              <ExternalLink aria-hidden className="size-4" />
            </Link>
          </Tip>
          <IconButton label="Close the source" keys="Esc" onClick={onClose} className="w-7">
            <X aria-hidden />
          </IconButton>
        </span>
      </header>
      <div className="min-h-0 flex-1">
        <Loaded query={text} lines={12}>
          {(document) => (
            <div className="flex h-full flex-col">
              <NoOriginal document={document} />
              <div className="min-h-0 flex-1">
                {hasPages && view === 'page' ? (
                  <PdfView document={document} spans={spans} page={page} />
                ) : (
                  <TextView document={document} spans={spans} label={`Text of ${title}`} />
                )}
              </div>
            </div>
          )}
        </Loaded>
      </div>
    </>
  )
}
