import type { Document } from '@plinth/sdk'
import { TriangleAlert } from 'lucide-react'
import { Badge } from '../../components/Badge.tsx'
import { Figure, RelativeTime } from '../../components/States.tsx'
import { bytesText, count, formatName } from '../../data/format.ts'
import { Readers } from '../knowledge/DocumentsScreen.tsx'

export function DocumentFacts({ document }: { document: Document }) {
  const { metadata, findings, warnings, notes } = document
  return (
    <div className="grid content-start gap-5">
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3">
        <Figure label="Format" value={formatName(document.mediaType)} />
        <Figure label="Size" value={bytesText(document.bytes)} />
        <Figure
          label="Pages"
          value={document.pageCount === null ? null : count(document.pageCount)}
        />
        <Figure label="Language" value={document.language} />
        <Figure label="Source" value={document.source} />
        <Figure label="Changed" value={<RelativeTime at={document.updatedAt} />} />
        <Figure wide label="Readers" value={<Readers readers={document.readers} />} />
        <Figure
          wide
          label="Name in the source"
          value={<code className="font-mono text-small break-all">{document.externalId}</code>}
        />
      </dl>
      {warnings.length > 0 ? (
        <section className="grid gap-1.5">
          <h2 className="text-small text-ink-3">Left out</h2>
          <ul className="grid gap-1">
            {warnings.map((warning) => (
              <li key={warning} className="flex gap-1.5 text-warning">
                <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" /> {warning}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {notes.length > 0 ? (
        <section className="grid gap-1.5">
          <h2 className="text-small text-ink-3">How it was read</h2>
          <ul className="grid gap-1 text-ink-2">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      ) : null}
      <section className="grid gap-1.5">
        <h2 className="text-small text-ink-3">Personal data found</h2>
        {Object.keys(findings).length === 0 ? (
          <p className="text-ink-3">none</p>
        ) : (
          <div className="flex flex-wrap gap-1">
            {Object.entries(findings).map(([kind, found]) => (
              <Badge key={kind}>
                {kind} {count(found)}
              </Badge>
            ))}
          </div>
        )}
      </section>
      <section className="grid gap-1.5">
        <h2 className="text-small text-ink-3">Metadata</h2>
        {Object.keys(metadata).length === 0 ? <p className="text-ink-3">none</p> : null}
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1">
          {Object.entries(metadata).map(([field, value]) => (
            <div key={field} className="contents">
              <dt className="text-ink-3">{field}</dt>
              <dd className="break-words">{String(value)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  )
}
