import type { Answer, Passage, TraceDetail } from '@plinth/sdk'
import { Link } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { useMemo } from 'react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { Markdown } from '../../components/Markdown.tsx'
import { Section } from '../../components/Page.tsx'
import { RelativeTime } from '../../components/States.tsx'
import { scoreText } from '../../data/format.ts'
import { Rating } from './ActivityScreen.tsx'

export function AnswerPart({ answer }: { answer: Answer | null }) {
  const marks = useMemo(
    () => answer?.unsupported.map((span) => ({ ...span, kind: 'unsupported' as const })) ?? [],
    [answer],
  )
  const cites = useMemo(
    () => new Set(answer?.citations.map(({ number }) => number) ?? []),
    [answer],
  )
  if (!answer) return null
  return (
    <Section
      title="Answer"
      beside={
        answer.conversationId ? (
          <Link
            to="/ask/$conversationId"
            params={{ conversationId: answer.conversationId }}
            className="ml-auto rounded text-accent hover:underline"
          >
            Conversation
          </Link>
        ) : null
      }
    >
      <Markdown text={answer.text} marks={marks} cites={cites} onCite={showPassage} />
      {answer.reason && answer.reason !== answer.text ? (
        <p className="text-ink-2">{answer.reason}</p>
      ) : null}
    </Section>
  )
}

function showPassage(number: number) {
  document.getElementById(`passage-${number}`)?.focus()
}

interface PassagesPartProps {
  passages: Passage[]
  answer: Answer | null
}

/** What the model was given, in this order. Those that the answer cites carry its mark. */
export function PassagesPart({ passages, answer }: PassagesPartProps) {
  const cited = new Set(answer?.citations.map(({ number }) => number))
  if (passages.length === 0) return null
  return (
    <Section title="Passages given to the model">
      <ol className="border-t border-line">
        {passages.map((passage) => (
          <li
            key={passage.number}
            id={`passage-${passage.number}`}
            tabIndex={-1}
            className="grid gap-1 border-b border-line py-2.5"
          >
            <div className="flex flex-wrap items-center gap-x-2">
              {cited.has(passage.number) ? (
                <span className="cite">{passage.number}</span>
              ) : (
                <span className="w-5 text-center text-small text-ink-3">{passage.number}</span>
              )}
              <Link
                to="/documents/$documentId"
                params={{ documentId: passage.documentId }}
                search={{
                  version: passage.versionId,
                  start: passage.start,
                  end: passage.end,
                }}
                className="min-w-0 truncate rounded font-medium hover:underline"
              >
                {passage.title}
              </Link>
              <span className="min-w-0 truncate text-small text-ink-3">
                {passage.headingPath.join(' › ')}
              </span>
              <span className="ml-auto text-small text-ink-3">
                {scoreText(passage.score)} · lexical {scoreText(passage.lexicalScore)} · dense{' '}
                {scoreText(passage.denseScore)}
              </span>
            </div>
            <p className="line-clamp-4 break-words whitespace-pre-wrap text-ink-2">
              {passage.text}
            </p>
          </li>
        ))}
      </ol>
    </Section>
  )
}

/** Why this model answered: each choice in order, and its reason. */
export function RoutePart({ route }: Pick<TraceDetail, 'route'>) {
  if (route.length === 0) return null
  return (
    <Section title="Choice of model">
      <ol className="border-t border-line">
        {route.map(({ model, reason, used }, at) => (
          <li
            key={model}
            className="flex min-h-9 flex-wrap items-center gap-x-3 border-b border-line py-1"
          >
            <span className="w-4 text-small text-ink-3">{at + 1}</span>
            <span className={used ? 'font-medium' : 'text-ink-2'}>{model}</span>
            <span className="min-w-0 flex-1 text-ink-3">{reason}</span>
            {used ? <Check aria-label="used" className="size-4 text-good" /> : null}
          </li>
        ))}
      </ol>
    </Section>
  )
}

export function ChecksPart({ checks }: Pick<TraceDetail, 'checks'>) {
  if (checks.length === 0) return null
  return (
    <Section title="Checks">
      <ul className="border-t border-line">
        {checks.map(({ check, result, detail }) => (
          <li
            key={check}
            className="flex min-h-9 flex-wrap items-center gap-x-3 border-b border-line py-1"
          >
            <span className="w-28">{check}</span>
            <OutcomeBadge outcome={result} />
            <span className="min-w-0 flex-1 text-ink-2">{detail}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

export function FeedbackPart({ feedback }: Pick<TraceDetail, 'feedback'>) {
  return (
    <Section title="Feedback">
      {feedback.length === 0 ? <p className="text-ink-3">Nobody has judged it.</p> : null}
      <ul>
        {feedback.map(({ user, rating, comment, at }) => (
          <li key={user + at} className="flex flex-wrap items-center gap-x-3 py-1">
            <Rating rating={rating} />
            <span>{user}</span>
            <span className="text-small text-ink-3">
              <RelativeTime at={at} />
            </span>
            {comment ? <p className="basis-full pl-7 text-ink-2">{comment}</p> : null}
          </li>
        ))}
      </ul>
    </Section>
  )
}
