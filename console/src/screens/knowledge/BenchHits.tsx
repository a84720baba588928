import type { SearchHit } from '@plinth/sdk'
import { Link } from '@tanstack/react-router'
import { scoreText } from '../../data/format.ts'

export const legs = ['lexical', 'fused', 'dense'] as const
export type Leg = (typeof legs)[number]
export const legNames: Record<Leg, string> = {
  lexical: 'Lexical (BM25)',
  fused: 'Fused',
  dense: 'Dense',
}

interface HitListProps {
  leg: Leg
  hits: SearchHit[]
  note: string | undefined
  active: number | undefined
  onPick: (hit: SearchHit) => void
}

/** One leg's order. The chosen passage is marked in all three, so that its way can be followed. */
export function HitList({ leg, hits, note, active, onPick }: HitListProps) {
  const ranked = rankedBy(leg, hits)
  const best = Math.max(...ranked.map(({ score }) => score), Number.MIN_VALUE)
  return (
    <section aria-label={legNames[leg]} className="min-w-0 bg-surface">
      <h2 className="flex items-baseline gap-2 px-4 pt-3 pb-1 font-semibold">
        {legNames[leg]}
        {note ? <span className="text-small font-normal text-ink-3">{note}</span> : null}
      </h2>
      {ranked.length === 0 ? <p className="px-4 pb-3 text-ink-3">Found nothing.</p> : null}
      <ol className="px-2 pb-2">
        {ranked.map(({ hit, rank, score }) => (
          <li key={hit.chunkId}>
            <button
              type="button"
              data-hit
              aria-pressed={hit.chunkId === active}
              onClick={() => onPick(hit)}
              onMouseEnter={() => onPick(hit)}
              onFocus={() => onPick(hit)}
              className="relative flex w-full items-center gap-2 rounded px-2 py-1 text-left
                focus-visible:-outline-offset-2 aria-pressed:bg-accent-soft"
            >
              <span className="w-6 shrink-0 text-right text-small text-ink-3">{rank}</span>
              <span className="min-w-0 flex-1 truncate">
                {hit.headingPath.at(-1) ?? hit.title}
                {hit.headingPath.length > 0 ? (
                  <span className="text-ink-3"> {hit.title}</span>
                ) : null}
              </span>
              <span className="shrink-0 text-small text-ink-2">{scoreText(score)}</span>
              <span
                aria-hidden
                className="absolute bottom-0 left-10 h-px bg-accent"
                style={{ width: `calc((100% - 48px) * ${Math.max(0, score / best)})` }}
              />
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

export function HitDetail({ hit }: { hit: SearchHit }) {
  return (
    <section aria-label="Passage" className="grid gap-2 px-4 pt-3 pb-6">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h2 className="font-semibold">{hit.title}</h2>
        <span className="text-small text-ink-3">
          {[...hit.headingPath, hit.page === null ? null : `page ${hit.page}`]
            .filter(Boolean)
            .join(' › ')}
        </span>
        <Link
          to="/documents/$documentId"
          params={{ documentId: hit.documentId }}
          search={{ version: hit.versionId, start: hit.start, end: hit.end }}
          className="ml-auto rounded text-accent hover:underline"
        >
          Open at this passage
        </Link>
      </div>
      <p className="text-small text-ink-3">
        fused {scoreText(hit.score)} · lexical {legText(hit.lexical)} · dense {legText(hit.dense)}
      </p>
      <p className="max-w-180 break-words whitespace-pre-wrap">{hit.text}</p>
    </section>
  )
}

function legText(leg: SearchHit['lexical']): string {
  return leg ? `${scoreText(leg.score)} (rank ${leg.rank})` : 'not found'
}

function rankedBy(leg: Leg, hits: SearchHit[]) {
  if (leg === 'fused') return hits.map((hit, at) => ({ hit, rank: at + 1, score: hit.score }))
  return hits
    .flatMap((hit) => {
      const found = hit[leg]
      return found ? [{ hit, rank: found.rank, score: found.score }] : []
    })
    .sort((a, b) => a.rank - b.rank)
}
