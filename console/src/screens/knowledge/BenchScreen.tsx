import type { SearchHit, SearchResponse } from '@plinth/sdk'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Search, SearchX } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { Segments } from '../../components/Segments.tsx'
import { EmptyState, Skeleton } from '../../components/States.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { durationText, plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useNarrow } from '../../frame/media.ts'
import { BaseFrame } from './BaseFrame.tsx'
import { HitDetail, HitList, type Leg, legNames, legs } from './BenchHits.tsx'

const route = getRouteApi('/app/knowledge/$base/search')
const hitsShown = 20

export function BenchScreen() {
  const { base } = route.useParams()
  return (
    <BaseFrame base={base} tab="search">
      <Bench base={base} />
    </BaseFrame>
  )
}

function Bench({ base }: { base: string }) {
  const { q, filter, weight } = route.useSearch()
  const stored = useQuery(queries.base(base)).data
  const denseWeight = weight ?? stored?.denseWeight ?? 0.5
  const parsed = parseFilter(filter)
  const search = useQuery({
    queryKey: ['search', base, q, filter, weight],
    queryFn: ({ signal }) =>
      plinth.knowledge.search(
        {
          query: q ?? '',
          knowledgeBases: [base],
          topK: hitsShown,
          denseWeight: weight,
          filter: parsed.filter,
        },
        { signal },
      ),
    enabled: q !== undefined && parsed.error === undefined,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <BenchForm denseWeight={denseWeight} filterError={parsed.error} busy={search.isFetching} />
      {search.error ? (
        <div className="p-4">
          <ErrorPanel problem={problemOf(search.error)} onRetry={() => void search.refetch()} />
        </div>
      ) : q === undefined ? (
        <EmptyState icon={<Search aria-hidden />} title="See why a passage is found">
          Type a question as people would ask it. The bench shows what the lexical leg finds by
          words, what the dense leg finds by meaning, and how the two are fused.
        </EmptyState>
      ) : search.data ? (
        <Results data={search.data} />
      ) : (
        <Skeleton />
      )}
    </div>
  )
}

interface BenchFormProps {
  denseWeight: number
  filterError: string | undefined
  busy: boolean
}

function BenchForm({ denseWeight, filterError, busy }: BenchFormProps) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [query, setQuery] = useState(search.q ?? '')
  const [filter, setFilter] = useState(search.filter ?? '')
  useEffect(() => setQuery(search.q ?? ''), [search.q])
  useEffect(() => setFilter(search.filter ?? ''), [search.filter])
  const run = () =>
    void navigate({
      search: (old) => ({
        ...old,
        q: query.trim() || undefined,
        filter: filter.trim() || undefined,
      }),
    })
  return (
    <form
      className="grid shrink-0 gap-3 border-b border-line px-4 py-3
        lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_220px_auto] lg:items-start"
      onSubmit={(event) => {
        event.preventDefault()
        run()
      }}
    >
      <Field label="Question">
        {(control) => (
          <Input
            {...control}
            data-page-search
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        )}
      </Field>
      <Field label="Filter on metadata" error={filterError} hint={'As JSON: {"department": "hr"}'}>
        {(control) => (
          <Input
            {...control}
            spellCheck={false}
            className="font-mono text-small"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
        )}
      </Field>
      <Field
        label={`Dense weight ${denseWeight.toFixed(2)}`}
        hint={search.weight === undefined ? 'As the knowledge base says' : 'For this bench only'}
      >
        {(control) => (
          <input
            {...control}
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={denseWeight}
            onChange={(event) =>
              void navigate({
                search: (old) => ({ ...old, weight: Number(event.target.value) }),
                replace: true,
              })
            }
            className="h-8 w-full accent-(--accent)"
          />
        )}
      </Field>
      <Button type="submit" variant="primary" busy={busy} className="lg:mt-6">
        Search
      </Button>
    </form>
  )
}

function Results({ data }: { data: SearchResponse }) {
  const { hits, terms, dense, tookMs, traceId } = data
  const [active, setActive] = useState<number | undefined>()
  const [leg, setLeg] = useState<Leg>('fused')
  const narrow = useNarrow()
  const chosen = hits.find(({ chunkId }) => chunkId === active) ?? hits[0]
  const shown = narrow ? [leg] : legs
  return (
    <>
      <div className="flex shrink-0 items-center border-b border-line px-4 py-2 text-small">
        <dl className="flex flex-1 flex-wrap items-center gap-x-5 gap-y-1">
          <Timing name="Analyse" ms={tookMs.analyse} />
          <Timing name="Embed" ms={tookMs.embed} />
          <Timing name="Search" ms={tookMs.search} />
          <Timing name="Read" ms={tookMs.read} />
          <div className="flex items-center gap-1.5">
            <dt className="text-ink-3">Terms</dt>
            <dd className="flex flex-wrap gap-1">
              {terms.map((term) => (
                <Badge key={term}>{term}</Badge>
              ))}
            </dd>
          </div>
        </dl>
        <Link
          to="/activity/$traceId"
          params={{ traceId }}
          className="rounded text-accent hover:underline"
        >
          Trace
        </Link>
      </div>
      {dense.off ? (
        <p className="shrink-0 border-b border-line bg-warning-soft px-4 py-2 text-warning">
          The dense leg is off: {dense.off}
        </p>
      ) : null}
      {hits.length === 0 ? (
        <EmptyState icon={<SearchX aria-hidden />} title="Nothing that you may read is found">
          Try other words or a wider filter. Documents without you among their readers are never
          found.
        </EmptyState>
      ) : (
        <>
          {narrow ? (
            <div className="p-3">
              <Segments
                label="Leg"
                value={leg}
                onChange={(value) => setLeg(value as Leg)}
                choices={legs.map((one) => ({ value: one, label: legNames[one] }))}
              />
            </div>
          ) : null}
          <div
            className={`grid gap-px border-b border-line bg-line
              ${narrow ? '' : 'grid-cols-3'}`}
          >
            {shown.map((one) => (
              <HitList
                key={one}
                leg={one}
                hits={hits}
                note={one === 'dense' ? (dense.embedder ?? 'off') : undefined}
                active={chosen?.chunkId}
                onPick={(hit: SearchHit) => setActive(hit.chunkId)}
              />
            ))}
          </div>
          <p className="px-4 pt-2 text-small text-ink-3">
            The legs show the {plural(hits.length, 'passage')} of the fused list, by their rank in
            each leg.
          </p>
          {chosen ? <HitDetail hit={chosen} /> : null}
        </>
      )}
    </>
  )
}

function Timing({ name, ms }: { name: string; ms: number }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd>{durationText(ms)}</dd>
    </div>
  )
}

function parseFilter(text: string | undefined): {
  filter?: Record<string, unknown> | undefined
  error?: string
} {
  if (!text) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { filter: value as Record<string, unknown> }
    }
  } catch {
    // Said below, with what is expected.
  }
  return { error: 'Not a JSON object. Example: {"year": 2026, "department": ["hr", "it"]}' }
}
