import type { Citation, Outcome, Passage } from '@plinth/sdk'
import { Link } from '@tanstack/react-router'
import {
  Ban,
  BookOpen,
  CircleSlash,
  LoaderCircle,
  RotateCw,
  SearchX,
  ShieldX,
  TriangleAlert,
} from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { type Mark, Markdown } from '../../components/Markdown.tsx'
import { Kbd } from '../../components/Tooltip.tsx'
import { plural } from '../../data/format.ts'
import { useMay } from '../../data/session.ts'
import { AnswerActions } from './AnswerActions.tsx'
import { closestDocuments, distinctCitations, type Exchange } from './exchanges.ts'

interface ExchangeViewProps {
  exchange: Exchange
  activeCite: number | undefined
  onCite: (number: number) => void
  onAgain: () => void
}

export function ExchangeView({ exchange, activeCite, onCite, onAgain }: ExchangeViewProps) {
  const { question, outcome, text, citations, unsupported, problem } = exchange
  const marks = useMemo(
    () => marksOf(citations, unsupported, activeCite),
    [citations, unsupported, activeCite],
  )
  const numbers = useMemo(() => new Set(citations.map(({ number }) => number)), [citations])
  const answered = outcome === null || outcome === 'answered' || outcome === 'cancelled'
  return (
    <article className="grid min-w-0 gap-3">
      <h2 className="font-semibold break-words whitespace-pre-wrap">{question}</h2>
      {exchange.step ? <StepLine exchange={exchange} /> : null}
      {text && answered ? (
        <div aria-busy={exchange.step !== null || undefined}>
          <Markdown
            text={text}
            marks={marks}
            cites={numbers}
            activeCite={activeCite}
            onCite={onCite}
          />
        </div>
      ) : null}
      {outcome && outcome !== 'answered' ? (
        <OutcomeNote outcome={outcome} exchange={exchange} onAgain={onAgain} />
      ) : null}
      {exchange.reading ? (
        <p role="note" className="flex items-start gap-1.5 text-small text-warning">
          <BookOpen aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span>
            {exchange.reading}{' '}
            <button type="button" onClick={onAgain} className="text-accent hover:underline">
              Ask again
            </button>
          </span>
        </p>
      ) : null}
      {problem ? (
        <ErrorPanel title="The answer broke off" problem={problem} onRetry={onAgain} />
      ) : null}
      {unsupported.length > 0 && answered ? (
        <p className="flex items-start gap-1.5 text-small text-warning">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          {plural(unsupported.length, 'sentence is', 'sentences are')} underlined: no cited passage
          supports {unsupported.length === 1 ? 'it' : 'them'}.
        </p>
      ) : null}
      <Sources citations={citations} activeCite={activeCite} onCite={onCite} />
      {exchange.step === null && !problem ? <AnswerActions exchange={exchange} /> : null}
    </article>
  )
}

const stepWords: Record<string, string> = {
  authorize: 'Checking what you may read',
  mask: 'Masking personal data',
  retrieve: 'Searching',
  ground: 'Choosing passages',
  plan: 'Planning',
  route: 'Choosing a model',
  execute: 'Writing',
  validate: 'Checking each sentence against its source',
  record: 'Recording',
}

function StepLine({ exchange }: { exchange: Exchange }) {
  const { step, stepNote, passages } = exchange
  const parts = [
    stepWords[step ?? ''] ?? step,
    stepNote,
    passages === null ? null : plural(passages.length, 'passage'),
  ]
  return (
    <p role="status" className="flex items-center gap-2 text-small text-ink-3">
      <LoaderCircle aria-hidden className="spin size-3.5" />
      {parts.filter(Boolean).join(' · ')}
    </p>
  )
}

interface OutcomeNoteProps {
  outcome: Outcome
  exchange: Exchange
  onAgain: () => void
}

/** Why there is no answer, and the one thing to do next. */
function OutcomeNote({ outcome, exchange, onAgain }: OutcomeNoteProps) {
  const mayWrite = useMay('documents.write')
  const again = (
    <Button icon={<RotateCw aria-hidden />} onClick={onAgain}>
      Ask again
    </Button>
  )
  const knowledge = (
    <Link to="/knowledge" className="text-accent hover:underline">
      {mayWrite ? 'Add the document that says it' : 'See what is in the knowledge bases'}
    </Link>
  )
  const notes: Partial<Record<Outcome, { icon: ReactNode; tone: string; next: ReactNode }>> = {
    ungrounded: {
      icon: <SearchX aria-hidden />,
      tone: 'text-warning',
      next: <span>Ask it with the words the documents would use. {knowledge}.</span>,
    },
    denied: {
      icon: <ShieldX aria-hidden />,
      tone: 'text-blocked',
      next: 'Ask an owner of your organization for access.',
    },
    withheld: {
      icon: <Ban aria-hidden />,
      tone: 'text-warning',
      next: 'A guardrail holds back answers that their sources do not support. Ask more narrowly.',
    },
    failed: { icon: <CircleSlash aria-hidden />, tone: 'text-blocked', next: again },
    cancelled: { icon: <CircleSlash aria-hidden />, tone: 'text-ink-3', next: again },
  }
  const note = notes[outcome]
  if (!note) return null
  const text = outcome === 'cancelled' ? 'Stopped before it was complete.' : exchange.text
  return (
    <div className="flex gap-3 rounded-md border border-line p-3">
      <span className={`mt-0.5 shrink-0 [&_svg]:size-4 ${note.tone}`}>{note.icon}</span>
      <div className="grid min-w-0 justify-items-start gap-1.5">
        <p>{text}</p>
        {exchange.reason && exchange.reason !== text ? (
          <p className="text-ink-2">{exchange.reason}</p>
        ) : null}
        {outcome === 'ungrounded' ? <Closest passages={exchange.passages ?? []} /> : null}
        <div className="text-ink-2">{note.next}</div>
      </div>
    </div>
  )
}

const mostClosest = 3

/** What was looked at in vain: it shows the words that the documents use. */
function Closest({ passages }: { passages: readonly Passage[] }) {
  const closest = closestDocuments(passages, mostClosest)
  if (closest.length === 0) return null
  return (
    <div className="grid min-w-0 gap-0.5">
      <p className="text-small text-ink-3">Closest documents</p>
      <ul aria-label="Closest documents" className="grid min-w-0 gap-0.5">
        {closest.map(({ documentId, versionId, title, headingPath, start, end }) => (
          <li key={documentId} className="flex min-w-0 gap-2">
            <Link
              to="/documents/$documentId"
              params={{ documentId }}
              search={{ version: versionId, start, end }}
              className="min-w-0 truncate text-accent hover:underline"
            >
              {title}
            </Link>
            <span className="hidden min-w-0 truncate text-small text-ink-3 sm:inline">
              {headingPath.join(' › ')}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

interface SourcesProps {
  citations: Citation[]
  activeCite: number | undefined
  onCite: (number: number) => void
}

function Sources({ citations, activeCite, onCite }: SourcesProps) {
  const distinct = distinctCitations(citations)
  if (distinct.length === 0) return null
  return (
    <ul aria-label="Sources" className="grid gap-px">
      {distinct.map((citation) => (
        <li key={citation.number}>
          <button
            type="button"
            aria-current={citation.number === activeCite || undefined}
            onClick={() => onCite(citation.number)}
            className="flex w-full items-center gap-2 rounded-md px-1.5 py-1 text-left text-ink-2
              hover:bg-hover aria-[current=true]:bg-hover"
          >
            <span className="cite" data-active={citation.number === activeCite}>
              {citation.number}
            </span>
            <span className="min-w-0 truncate text-ink">{citation.title}</span>
            <span className="hidden min-w-0 truncate text-small text-ink-3 sm:inline">
              {citation.headingPath.join(' › ')}
            </span>
            <span className="ml-auto shrink-0 text-small text-ink-3">
              {citation.page === null ? '' : `page ${citation.page} · `}
              {citation.exact ? 'verbatim' : `support ${citation.support.toFixed(2)}`}
            </span>
          </button>
        </li>
      ))}
      {activeCite === undefined && distinct.length > 1 ? (
        <li className="hidden items-center gap-1 px-1.5 pt-1 text-small text-ink-3 sm:flex">
          <Kbd>[</Kbd> <Kbd>]</Kbd> step through the sources
        </li>
      ) : null}
    </ul>
  )
}

function marksOf(
  citations: Citation[],
  unsupported: Exchange['unsupported'],
  activeCite: number | undefined,
): Mark[] {
  const cited = citations
    .filter(({ number }) => number === activeCite)
    .map(({ sentenceStart: start, sentenceEnd: end }) => ({
      start,
      end,
      kind: 'evidence' as const,
    }))
  const bare = unsupported.map(({ start, end }) => ({ start, end, kind: 'unsupported' as const }))
  return [...cited, ...bare]
}
