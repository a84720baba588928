import type { TraceDetail } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { PageHeader, Section } from '../../components/Page.tsx'
import { Figure, RelativeTime } from '../../components/States.tsx'
import { costText, count, durationText, shortDigest } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { AnswerPart, ChecksPart, FeedbackPart, PassagesPart, RoutePart } from './TraceParts.tsx'
import { Waterfall } from './Waterfall.tsx'

const route = getRouteApi('/app/activity/$traceId')

export function TraceScreen() {
  return (
    <Guard any={['traces.read', 'answers.ask']} what="Activity">
      <TracePage />
    </Guard>
  )
}

function TracePage() {
  const { traceId } = route.useParams()
  const trace = useQuery(queries.trace(traceId))
  return (
    <>
      <PageHeader
        title={trace.data?.name ?? 'Trace'}
        trail={[{ label: 'Activity', to: '/activity' }]}
        beside={
          trace.data ? (
            <span className="ml-2 shrink-0">
              <OutcomeBadge outcome={trace.data.outcome} />
            </span>
          ) : null
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Loaded query={trace} lines={12}>
          {(detail) => <Detail trace={detail} />}
        </Loaded>
      </div>
    </>
  )
}

function Detail({ trace }: { trace: TraceDetail }) {
  return (
    <div className="grid gap-8 p-4 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] xl:items-start">
      <div className="grid gap-8">
        <Facts trace={trace} />
        <Section title="Steps">
          <Waterfall spans={trace.spans} totalMs={trace.durationMs} />
        </Section>
        <RoutePart route={trace.route} />
        <ChecksPart checks={trace.checks} />
        <FeedbackPart feedback={trace.feedback} />
      </div>
      <div className="grid gap-8">
        <AnswerPart answer={trace.answer} />
        <PassagesPart passages={trace.passages} answer={trace.answer} />
      </div>
    </div>
  )
}

function Facts({ trace }: { trace: TraceDetail }) {
  const mayAudit = useMay('audit.read')
  const { auditSeq, releaseDigest, snapshotDigest, inputTokens, outputTokens } = trace
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-4 sm:grid-cols-4">
      <Figure label="Took" value={durationText(trace.durationMs)} />
      <Figure
        label="Cost"
        value={trace.costUsd === null ? null : costText(trace.costUsd)}
        note={trace.costUsd === null ? 'the model states no price' : undefined}
      />
      <Figure
        label="Tokens in and out"
        value={inputTokens === null ? null : `${count(inputTokens)} + ${count(outputTokens ?? 0)}`}
      />
      <Figure label="When" value={<RelativeTime at={trace.startedAt} />} />
      <Figure label="By" value={trace.user} />
      <Figure label="Assistant" value={trace.assistant} />
      <Figure label="Model" value={trace.answer?.model ?? null} />
      <Figure
        label="Audit event"
        value={
          auditSeq === null ? null : mayAudit ? (
            <Link to="/audit" search={{ event: auditSeq }} className="text-accent hover:underline">
              {auditSeq}
            </Link>
          ) : (
            auditSeq
          )
        }
      />
      <Digest label="Release" digest={releaseDigest} />
      <Digest label="Snapshot of the resources" digest={snapshotDigest} />
      <Figure
        label="Trace"
        value={
          <span className="flex items-center gap-1">
            <code className="truncate font-mono text-small font-normal">{trace.id}</code>
            <CopyButton text={trace.id} label="Copy the trace id" />
          </span>
        }
      />
    </dl>
  )
}

function Digest({ label, digest }: { label: string; digest: string | null }) {
  return (
    <Figure
      label={label}
      value={
        digest === null ? null : (
          <span className="flex items-center gap-1">
            <code className="font-mono text-small font-normal">{shortDigest(digest)}</code>
            <CopyButton text={digest} label={`Copy the digest of the ${label.toLowerCase()}`} />
          </span>
        )
      }
    />
  )
}
