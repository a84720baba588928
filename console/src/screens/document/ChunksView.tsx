import type { Chunk, Document } from '@plinth/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Segments } from '../../components/Segments.tsx'
import { EmptyState } from '../../components/States.tsx'
import { plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { TextView } from '../../viewer/TextView.tsx'

/** What is searched: the chunks one by one, or where they begin in the text. */
export function ChunksView({ document }: { document: Document }) {
  const [shown, setShown] = useState<'list' | 'text'>('list')
  const list = useInfiniteQuery(queries.chunks(document.id))
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const chunks = list.data?.pages.flatMap((page) => page.items) ?? []
  const without = chunks.filter(({ embedded }) => !embedded).length
  return (
    <div className="flex h-full flex-col">
      <div className="flex shrink-0 flex-wrap items-center gap-3 border-b border-line px-4 py-2">
        <Segments
          label="Show chunks as"
          value={shown}
          onChange={(value) => setShown(value as 'list' | 'text')}
          choices={[
            { value: 'list', label: 'List' },
            { value: 'text', label: 'In the text' },
          ]}
        />
        <span className="text-small text-ink-3">
          {plural(chunks.length, 'chunk')}
          {without > 0 ? `, ${without} without a vector (found by words only)` : ''}
        </span>
      </div>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            chunks.length === 0 ? (
              <EmptyState title="No chunks">
                Nothing of this document is searched yet: it is still being read, or it holds no
                text.
              </EmptyState>
            ) : shown === 'list' ? (
              <ChunkList chunks={chunks} />
            ) : (
              <ChunksInText id={document.id} chunks={chunks} />
            )
          }
        </Loaded>
      </div>
    </div>
  )
}

function ChunksInText({ id, chunks }: { id: string; chunks: Chunk[] }) {
  const text = useQuery(queries.documentText(id))
  return (
    <Loaded query={text}>
      {(stored) => <TextView document={stored} chunks={chunks} label="Text with chunks" />}
    </Loaded>
  )
}

function ChunkList({ chunks }: { chunks: Chunk[] }) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: chunks.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 120,
    overscan: 5,
  })
  return (
    <section
      ref={scroller}
      aria-label="Chunks"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard
      tabIndex={0}
      className="h-full overflow-y-auto focus-visible:-outline-offset-2"
    >
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const chunk = chunks[item.index] as Chunk
          return (
            <article
              key={chunk.id}
              ref={virtual.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0 grid gap-1 border-b border-line px-4 py-3"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <div className="flex flex-wrap items-center gap-x-3 text-small text-ink-3">
                <span className="font-medium text-ink-2">{chunk.ordinal}</span>
                <span>{chunk.headingPath.join(' › ')}</span>
                <span className="ml-auto">
                  {[
                    chunk.kind,
                    chunk.page === null ? null : `page ${chunk.page}`,
                    `${chunk.tokens} tokens`,
                    `${chunk.start}–${chunk.end}`,
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
                {chunk.embedded ? null : <Badge tone="warning">no vector</Badge>}
              </div>
              <p className="max-w-180 break-words whitespace-pre-wrap">{chunk.text}</p>
            </article>
          )
        })}
      </div>
    </section>
  )
}
