import type { Chunk, DocumentText } from '@plinth/sdk'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import { placeholder } from '../data/placeholders.ts'
import {
  cellsOf,
  groupsOf,
  overlaps,
  partsOf,
  type TextGroup,
  type TextSpan,
} from './text-groups.ts'

interface TextViewProps {
  document: DocumentText
  /** The cited passages: marked, and the first one scrolled to. */
  spans?: readonly TextSpan[]
  /** Shows where chunks begin. */
  chunks?: Chunk[] | undefined
  label: string
}

const overscan = 6
const guessedHeight = 56
const none: readonly TextSpan[] = []

/** The stored text by its blocks. Holds a text of any length: only what is in sight is in the page. */
export function TextView({ document, spans = none, chunks, label }: TextViewProps) {
  const groups = useMemo(() => groupsOf(document), [document])
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: groups.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => guessedHeight,
    overscan,
    paddingStart: 16,
    paddingEnd: 48,
  })
  useScrollToSpan({
    ...{ scroller, groups, span: spans[0] },
    scrollTo: (index) => virtual.scrollToIndex(index, { align: 'center' }),
  })
  return (
    <section
      ref={scroller}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard
      tabIndex={0}
      className="relative h-full overflow-y-auto focus-visible:-outline-offset-2"
    >
      <div className="relative mx-auto max-w-180" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const group = groups[item.index] as TextGroup
          return (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0 px-5 pb-2.5"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <PageMark group={group} before={groups[item.index - 1]} document={document} />
              <ChunkMarks group={group} chunks={chunks} />
              <Group group={group} text={document.text} spans={spans} />
            </div>
          )
        })}
      </div>
    </section>
  )
}

interface ScrollToSpanOptions {
  scroller: React.RefObject<HTMLElement | null>
  groups: TextGroup[]
  span: TextSpan | undefined
  scrollTo: (index: number) => void
}

/** Scrolls to the marked passage once its group has been measured, and again when the passage changes. */
function useScrollToSpan({ scroller, groups, span, scrollTo }: ScrollToSpanOptions) {
  const start = span?.start
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new passage scrolls
  useEffect(() => {
    if (!span) return
    const index = groups.findIndex((group) => overlaps(group, span))
    if (index < 0) return
    scrollTo(index)
    const fine = setTimeout(() => {
      scroller.current?.querySelector('mark.evidence')?.scrollIntoView({ block: 'center' })
    }, 60)
    return () => clearTimeout(fine)
  }, [groups, start])
}

interface PageMarkProps {
  group: TextGroup
  before: TextGroup | undefined
  document: DocumentText
}

function PageMark({ group, before, document }: PageMarkProps) {
  if (group.page === undefined || group.page === before?.page) return null
  const label = document.pages.find(({ number }) => number === group.page)?.label
  return (
    <div className="mb-2 flex items-center gap-2 text-small text-ink-3">
      {label ?? `Page ${group.page}`}
      <span aria-hidden className="h-px flex-1 bg-line" />
    </div>
  )
}

function ChunkMarks({ group, chunks }: { group: TextGroup; chunks: Chunk[] | undefined }) {
  const beginning = chunks?.filter(({ start }) => start >= group.start && start < group.end) ?? []
  return beginning.map((chunk) => (
    <div key={chunk.id} className="mb-1.5 flex items-center gap-2 text-small text-accent">
      chunk {chunk.ordinal} · {chunk.tokens} tokens
      {chunk.embedded ? '' : ' · no vector'}
      <span aria-hidden className="h-px flex-1 bg-accent opacity-40" />
    </div>
  ))
}

/** Headings of a document stand below the page's own. */
const headingBase = 1

interface GroupProps {
  group: TextGroup
  text: string
  spans: readonly TextSpan[]
}

const headings = {
  1: 'text-title font-semibold pt-2',
  2: 'font-semibold pt-2',
  3: 'font-semibold',
} as Record<number, string>

function Group({ group, text, spans }: GroupProps) {
  if (group.kind === 'table') return <TableGroup group={group} text={text} spans={spans} />
  const { block, depth } = group
  const content = <Marked text={text} piece={block} spans={spans} />
  if (block.kind === 'heading') {
    const Heading = `h${Math.min(6, depth + headingBase)}` as 'h3'
    return (
      <Heading className={headings[block.level ?? 1] ?? 'font-semibold text-ink-2'}>
        {content}
      </Heading>
    )
  }
  if (block.kind === 'list-item') {
    return (
      <div
        className="flex gap-2 whitespace-pre-wrap"
        style={{ paddingLeft: `${((block.level ?? 1) - 1) * 20}px` }}
      >
        {/^\s*([-*•‣·]|\d+[.)])\s/.test(text.slice(block.start, block.end)) ? null : (
          <span aria-hidden className="text-ink-3">
            •
          </span>
        )}
        <span className="min-w-0 break-words">{content}</span>
      </div>
    )
  }
  if (block.kind === 'code') {
    return (
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        role="group"
        aria-label="Code"
        className="overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-small"
      >
        <code>{content}</code>
      </pre>
    )
  }
  const quote = block.kind === 'quote' ? 'border-l-2 border-line-strong pl-3 text-ink-2' : ''
  return <p className={`break-words whitespace-pre-wrap ${quote}`}>{content}</p>
}

function TableGroup({ group, text, spans }: GroupProps & { group: { kind: 'table' } }) {
  const { header, rows } = group as TextGroup & { kind: 'table' }
  const cells = (row: TextSpan, cell: (piece: TextSpan) => ReactNode) =>
    cellsOf(text, row).map((piece) => cell(piece))
  return (
    <div
      // A group: a document may have many, and landmarks must differ.
      role="group"
      aria-label="Table"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      className="overflow-x-auto"
    >
      <table className="border-collapse text-small">
        {header ? (
          <thead>
            <tr>
              {cells(header, (piece) => (
                <th
                  key={piece.start}
                  scope="col"
                  className="border border-line bg-sunken px-2 py-1 text-left align-top font-semibold"
                >
                  <Marked text={text} piece={piece} spans={spans} />
                </th>
              ))}
            </tr>
          </thead>
        ) : null}
        <tbody>
          {rows.map((row) => (
            <tr key={row.start}>
              {cells(row, (piece) => (
                <td key={piece.start} className="border border-line px-2 py-1 align-top">
                  <Marked text={text} piece={piece} spans={spans} />
                </td>
              ))}
              <MissingCells row={row} header={header} text={text} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Empty cells at the end of a row are not stored; the table has them all the same. */
function MissingCells({ row, header, text }: { row: TextSpan; header?: TextSpan; text: string }) {
  const width = header ? cellsOf(text, header).length : 0
  const missing = Math.max(0, width - cellsOf(text, row).length)
  return missing > 0 ? <td colSpan={missing} className="border border-line" /> : null
}

interface MarkedProps {
  text: string
  piece: TextSpan
  spans: readonly TextSpan[]
}

function withPlaceholders(text: string): ReactNode {
  const parts = text.split(new RegExp(`(${placeholder.source})`))
  if (parts.length === 1) return text
  return parts.map((part, at) =>
    at % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <span key={at} className="masked" title="Masked personal data">
        {part}
      </span>
    ) : (
      part
    ),
  )
}

/** A piece of the stored text, the cited part of it marked. Masked values look like what they are. */
function Marked({ text, piece, spans }: MarkedProps) {
  return partsOf(piece, spans).map((part) => {
    const content = withPlaceholders(text.slice(part.start, part.end))
    return part.marked ? (
      <mark key={part.start} className="evidence">
        {content}
      </mark>
    ) : (
      <span key={part.start}>{content}</span>
    )
  })
}
