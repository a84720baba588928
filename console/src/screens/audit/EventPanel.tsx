import type { AuditEventProof } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { IconButton } from '../../components/Button.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Section } from '../../components/Page.tsx'
import { Figure } from '../../components/States.tsx'
import { Verbatim } from '../../components/Verbatim.tsx'
import { absoluteText, count, plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'

/** One event whole, with the proof that it stands in the log. */
export function EventPanel({ seq, onClose }: { seq: number; onClose: () => void }) {
  const event = useQuery(queries.auditEvent(seq))
  return (
    <div className="grid">
      <header className="flex h-12 items-center gap-2 border-b border-line px-4">
        <h2 className="flex-1 font-semibold">Event {count(seq)}</h2>
        <CopyButton text={`${location.origin}/audit?event=${seq}`} label="Copy the link" />
        <IconButton label="Close" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      <Loaded query={event}>{(loaded) => <Detail event={loaded} />}</Loaded>
    </div>
  )
}

/** `document: Its title`, or what is recorded where the name may not be seen. */
export function targetText(target: string, name: string | null): string {
  return name === null ? target : `${target.slice(0, target.indexOf(':'))}: ${name}`
}

const pages: Record<string, string> = { document: '/documents/', trace: '/activity/' }

/** What it was done to, with a link where it has a page. */
function Target({ event: { target, targetName } }: { event: AuditEventProof }) {
  if (target === '') return <span className="font-normal text-ink-3">nothing in particular</span>
  const cut = target.indexOf(':')
  const page = pages[target.slice(0, cut)]
  const text = targetText(target, targetName)
  if (!page) return text
  return (
    <Link to={page + encodeURIComponent(target.slice(cut + 1))} className="text-accent">
      {text}
    </Link>
  )
}

const filterLink = 'rounded text-accent hover:underline'

function Detail({ event }: { event: AuditEventProof }) {
  const { proof } = event
  const kinds = useQuery(queries.auditState()).data?.kinds
  return (
    <div className="grid gap-6 p-4">
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3">
        <Figure
          label="What"
          value={event.kind}
          note={kinds?.find(({ kind }) => kind === event.kind)?.what}
        />
        <Figure label="Outcome" value={<OutcomeBadge outcome={event.outcome} />} />
        <Figure
          label="By"
          value={event.actorName}
          note={
            <>
              <div className="break-all">{event.actor}</div>
              <Link to="/audit" search={{ actor: event.actor }} className={filterLink}>
                All events by them
              </Link>
            </>
          }
        />
        <Figure
          label="Target"
          value={<Target event={event} />}
          note={
            event.target === '' ? null : (
              <>
                <div className="break-all">{event.target}</div>
                <Link to="/audit" search={{ target: event.target }} className={filterLink}>
                  All events about it
                </Link>
              </>
            )
          }
        />
        <Figure wide label="When" value={absoluteText(event.at)} note={event.at} />
      </dl>
      <Section title="Details">
        <Json value={event.details} />
      </Section>
      {event.personal === undefined ? null : (
        <Section title="Personal data">
          {event.personal === 'erased' ? (
            <p className="text-ink-2">
              Erased on request of the person. The event stays in the log, and the log verifies.
            </p>
          ) : event.personal === 'hidden' ? (
            <p className="text-ink-2">Encrypted; you may not see it.</p>
          ) : (
            <Json value={event.personal} />
          )}
        </Section>
      )}
      <Section title="Proof">
        <dl className="grid gap-3">
          <Figure
            label="Leaf hash"
            value={<Hash text={event.leafHash} label="Copy the leaf hash" />}
          />
          <Figure
            label="Inclusion"
            value={`${plural(proof.hashes.length, 'hash', 'hashes')} to the root of ${plural(proof.treeSize, 'event')}`}
          />
          {proof.checkpoint === null ? (
            <p className="text-ink-3">No checkpoint has been signed after this event yet.</p>
          ) : (
            <Figure
              label="Signed checkpoint"
              value={<Verbatim label="Checkpoint" text={proof.checkpoint} />}
            />
          )}
        </dl>
        <div>
          <CopyButton text={JSON.stringify(event, null, 2)} label="Copy event and proof as JSON" />
        </div>
      </Section>
    </div>
  )
}

export function Hash({ text, label }: { text: string; label: string }) {
  return (
    <span className="flex items-center gap-1">
      <code className="min-w-0 font-mono text-small font-normal break-all">{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  )
}

function Json({ value }: { value: unknown }) {
  return <Verbatim label="JSON" text={JSON.stringify(value, null, 2)} />
}
