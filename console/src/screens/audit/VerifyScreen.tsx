import type { AuditState } from '@plinth/sdk'
import type { AuditReport } from '@plinth/sdk/audit'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, ShieldCheck } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input, Textarea } from '../../components/Field.tsx'
import { PageHeader, Section } from '../../components/Page.tsx'
import { Figure, Progress, RelativeTime } from '../../components/States.tsx'
import { Verbatim } from '../../components/Verbatim.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { useDraft } from '../../data/drafts.ts'
import { count, plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { Hash } from './EventPanel.tsx'
import { ExportButton } from './ExportButton.tsx'

export function VerifyScreen() {
  return (
    <Guard any={['audit.read']} what="Audit">
      <VerifyPage />
    </Guard>
  )
}

function VerifyPage() {
  const state = useQuery(queries.auditState())
  return (
    <>
      <PageHeader title="Verify the log" trail={[{ label: 'Audit', to: '/audit' }]} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="grid max-w-200 gap-8 p-4">
          <p className="max-w-160 text-ink-2">
            Each event is a leaf of one Merkle tree (RFC 6962), and the server signs its root. This
            page reads the whole log and checks every event and every signature here, in your
            browser. The same check works offline: <code>plinth audit verify</code> on an export.
          </p>
          <Loaded query={state}>
            {(loaded) => (
              <>
                <State state={loaded} />
                <Verify state={loaded} />
              </>
            )}
          </Loaded>
        </div>
      </div>
    </>
  )
}

function State({ state }: { state: AuditState }) {
  const { checkpoint } = state
  return (
    <Section
      title="The log now"
      beside={
        <span className="ml-auto">
          <ExportButton />
        </span>
      }
    >
      <dl className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        <Figure label="Events" value={count(state.size)} />
        <Figure label="Log" value={state.origin} />
        <Figure
          wide
          label="Public key"
          value={<Hash text={state.vkey} label="Copy the public key" />}
          note="Note it once over another channel: with it an export can be checked without this server."
        />
        <Figure
          wide
          label="Newest signed checkpoint"
          value={
            checkpoint === null ? null : <Verbatim label="Checkpoint" text={checkpoint.note} />
          }
          note={
            checkpoint === null ? null : (
              <>
                {plural(checkpoint.size, 'event')}, <RelativeTime at={checkpoint.at} />
              </>
            )
          }
        />
      </dl>
    </Section>
  )
}

type Run =
  | { phase: 'idle' }
  | { phase: 'running'; checked: number }
  | { phase: 'done'; report: AuditReport }
  | { phase: 'failed'; cause: unknown }

function Verify({ state }: { state: AuditState }) {
  const [run, setRun] = useState<Run>({ phase: 'idle' })
  const [vkey, setVkey] = useDraft('audit.vkey')
  const [kept, setKept] = useDraft('audit.checkpoint')
  const abort = useRef<AbortController>(undefined)
  const verify = async () => {
    abort.current = new AbortController()
    setRun({ phase: 'running', checked: 0 })
    try {
      const report = await verifyLog({
        vkey,
        kept,
        signal: abort.current.signal,
        onProgress: (checked) => setRun({ phase: 'running', checked }),
      })
      setRun({ phase: 'done', report })
    } catch (cause) {
      setRun(abort.current.signal.aborted ? { phase: 'idle' } : { phase: 'failed', cause })
    }
  }
  return (
    <Section title="Check it here">
      <div className="grid gap-4">
        <Field label="Public key that you noted (optional)" hint={keyHint}>
          {(control) => (
            <Input
              {...control}
              className="font-mono text-small"
              spellCheck={false}
              value={vkey}
              onChange={(event) => setVkey(event.target.value)}
            />
          )}
        </Field>
        <Field label="A checkpoint that you kept (optional)" hint={keptHint}>
          {(control) => (
            <Textarea
              {...control}
              rows={3}
              className="font-mono text-small"
              spellCheck={false}
              value={kept}
              onChange={(event) => setKept(event.target.value)}
            />
          )}
        </Field>
        <div className="flex items-center gap-3">
          <Button
            variant="primary"
            icon={<ShieldCheck aria-hidden />}
            busy={run.phase === 'running'}
            onClick={() => void verify()}
          >
            Verify {plural(state.size, 'event')}
          </Button>
          {run.phase === 'running' ? (
            <Button variant="ghost" onClick={() => abort.current?.abort()}>
              Stop
            </Button>
          ) : null}
        </div>
        {run.phase === 'running' ? (
          <div className="grid gap-1">
            <Progress label="Events checked" done={run.checked} total={state.size} />
            <p className="text-small text-ink-3">{plural(run.checked, 'event')} checked</p>
          </div>
        ) : null}
        {run.phase === 'failed' ? <ErrorPanel problem={problemOf(run.cause)} /> : null}
        {run.phase === 'done' ? <Report report={run.report} /> : null}
      </div>
    </Section>
  )
}

const keyHint =
  'Without it the key is read from the export itself, which proves that the log is consistent, not whose it is.'
const keptHint =
  'Proves that nothing newer was cut off and that you are shown the same log as when you kept it.'

interface VerifyInput {
  vkey: string
  kept: string
  signal: AbortSignal
  onProgress: (checked: number) => void
}

async function verifyLog({ vkey, kept, signal, onProgress }: VerifyInput): Promise<AuditReport> {
  const [{ verifyExport }, response] = await Promise.all([
    import('@plinth/sdk/audit'),
    plinth.audit.exportLog({ signal }),
  ])
  if (response.body === null) throw new Error('The export is empty.')
  return verifyExport(response.body, {
    onProgress,
    ...(vkey.trim() ? { vkey: vkey.trim() } : {}),
    ...(kept.trim() ? { earlierCheckpoint: `${kept.trim()}\n` } : {}),
  })
}

function Report({ report }: { report: AuditReport }) {
  const panel = useRef<HTMLDivElement>(null)
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), [])
  const { ok, problems, problemCount, unproven } = report
  return (
    <div ref={panel} role="status" className="grid gap-4 rounded-md border border-line p-4">
      <p
        className={`flex items-center gap-2 text-title font-semibold
          ${ok ? 'text-good' : 'text-blocked'}`}
      >
        {ok ? (
          <CircleCheck aria-hidden className="size-5" />
        ) : (
          <CircleX aria-hidden className="size-5" />
        )}
        {ok ? 'The log verifies' : plural(problemCount, 'problem')}
      </p>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4">
        <Figure label="Events" value={count(report.events)} />
        <Figure label="Checkpoints" value={count(report.checkpoints)} />
        <Figure label="Kept ones that agree" value={count(report.kept)} />
        <Figure label="Key" value={report.keyFrom === 'caller' ? 'yours' : 'from the export'} />
        <Figure
          wide
          label="Root"
          value={report.root === null ? null : <Hash text={report.root} label="Copy the root" />}
        />
      </dl>
      {problems.length > 0 ? (
        <ul className="grid gap-2">
          {problems.map(({ seq, what, remedy }) => (
            <li key={what} className="grid gap-0.5 border-l-2 border-blocked pl-3">
              <span>
                {seq === null ? '' : `Event ${count(seq)}: `}
                {what}
              </span>
              <span className="text-ink-2">{remedy}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="grid gap-1">
        <p className="text-small text-ink-3">What this does not prove</p>
        <ul className="grid list-disc gap-1 pl-4 text-ink-2">
          {unproven.map((what) => (
            <li key={what}>{what}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}
