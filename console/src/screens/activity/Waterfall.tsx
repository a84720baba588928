import type { Span } from '@plinth/sdk'
import { useMemo, useState } from 'react'
import { durationText } from '../../data/format.ts'
import { linesOf } from './waterfall.ts'

interface WaterfallProps {
  spans: Span[]
  totalMs: number
}

/** Each step with its share of the time; a step opens to what is known of it. */
export function Waterfall({ spans, totalMs }: WaterfallProps) {
  const lines = useMemo(() => linesOf(spans, totalMs), [spans, totalMs])
  const [open, setOpen] = useState<string | null>(null)
  if (lines.length === 0) return <p className="text-ink-3">No steps were recorded.</p>
  return (
    <ol aria-label="Steps" className="border-t border-line">
      {lines.map(({ key, span, depth, left, width }) => (
        <li key={key} className="border-b border-line">
          <button
            type="button"
            data-span
            aria-expanded={open === key}
            onClick={() => setOpen(open === key ? null : key)}
            className="grid w-full grid-cols-[minmax(88px,160px)_minmax(0,1fr)_72px] items-center
              gap-3 py-1 text-left hover:bg-hover focus-visible:-outline-offset-2"
          >
            <span
              className={`truncate ${span.status === 'error' ? 'text-blocked' : ''}`}
              style={{ paddingLeft: `${depth * 14 + 4}px` }}
            >
              {span.name}
            </span>
            <span aria-hidden className="relative h-4">
              <span className="absolute inset-y-1.5 right-0 left-0 rounded-full bg-sunken" />
              <span
                className={`absolute inset-y-0.5 rounded-sm
                  ${span.status === 'error' ? 'bg-blocked' : 'bg-accent'}
                  ${depth > 0 ? 'opacity-60' : ''}`}
                style={{ left: `${left * 100}%`, width: `max(2px, ${width * 100}%)` }}
              />
            </span>
            <span className="pr-1 text-right text-small text-ink-2">
              {durationText(span.durationMs)}
            </span>
          </button>
          {open === key ? <Attributes span={span} /> : null}
        </li>
      ))}
    </ol>
  )
}

function Attributes({ span }: { span: Span }) {
  const entries = Object.entries(span.attributes)
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 bg-sunken px-3 py-2 text-small">
      <dt className="text-ink-3">begins</dt>
      <dd>{durationText(span.startMs)} after the start</dd>
      {entries.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="font-mono break-words whitespace-pre-wrap">
            {typeof value === 'string' ? value : JSON.stringify(value, null, 1)}
          </dd>
        </div>
      ))}
      {entries.length === 0 ? (
        <div className="contents">
          <dt className="text-ink-3">attributes</dt>
          <dd>none recorded</dd>
        </div>
      ) : null}
    </dl>
  )
}
