import type { ModelCallDetail } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge, OutcomeBadge } from '../../components/Badge.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { PageHeader, Section } from '../../components/Page.tsx'
import { Figure, RelativeTime } from '../../components/States.tsx'
import { costText, count, durationText, shortDigest } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { mayOpen } from './ModelsFrame.tsx'

const route = getRouteApi('/app/models/calls/$callId')

export function CallScreen() {
  return (
    <Guard any={mayOpen} what="Models">
      <CallPage />
    </Guard>
  )
}

function CallPage() {
  const { callId } = route.useParams()
  const call = useQuery(queries.call(callId))
  const { data } = call
  return (
    <>
      <PageHeader
        title={data ? `Call of ${data.asked}` : 'Call'}
        trail={[
          { label: 'Models', to: '/models/usage' },
          { label: 'Calls', to: '/models/calls' },
        ]}
        beside={
          data ? (
            <span className="ml-2 flex shrink-0 gap-1.5">
              <OutcomeBadge outcome={data.outcome} />
              {data.fault ? <Badge title="Whose fault">{data.fault}</Badge> : null}
            </span>
          ) : null
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Loaded query={call} lines={10}>
          {(detail) => (
            <div className="grid max-w-240 gap-8 p-4">
              {detail.reason ? <p className="text-ink-2">{detail.reason}</p> : null}
              {detail.cache ? (
                <p className="text-ink-2">
                  Cache: {detail.cache}
                  {detail.cacheReason ? ` (${detail.cacheReason})` : ''}
                  {detail.savedUsd === null ? '' : `, saved ${costText(detail.savedUsd)}`}
                </p>
              ) : null}
              <Facts call={detail} />
              <Tries call={detail} />
              <Decision call={detail} />
            </div>
          )}
        </Loaded>
      </div>
    </>
  )
}

function Facts({ call }: { call: ModelCallDetail }) {
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-4 sm:grid-cols-4">
      <Figure
        label="Took"
        value={durationText(call.totalMs)}
        note={
          call.firstTokenMs === null
            ? undefined
            : `first token after ${durationText(call.firstTokenMs)}`
        }
      />
      <Figure label="Cost" {...costOf(call)} />
      <Figure
        label="Tokens in and out"
        value={`${count(call.inputTokens)} + ${count(call.outputTokens)}`}
        note={tokenNote(call)}
      />
      <Figure label="When" value={<RelativeTime at={call.at} />} />
      <Figure
        label="By"
        value={
          <Calls search={call.keyId ? { key: call.keyId } : { user: call.userId }}>
            {call.keyName ?? call.userName}
          </Calls>
        }
      />
      <Figure
        label="Answered by"
        value={call.model && <Calls search={{ model: call.model }}>{call.model}</Calls>}
        note={call.provider ? `${call.upstreamModel} of ${call.provider}` : undefined}
      />
      <Figure
        label="Project"
        value={call.project}
        note={call.useCase ? `use case ${call.useCase}` : undefined}
      />
      <Figure
        label="Door"
        value={call.door}
        note={[call.streamed ? 'streamed' : '', call.cache ? `cache ${call.cache}` : '']
          .filter(Boolean)
          .join(', ')}
      />
      {call.errorCode ? <Figure label="Error" value={call.errorCode} /> : null}
      <Figure
        label="Snapshot of the resources"
        value={
          call.snapshotDigest && (
            <Copied
              text={call.snapshotDigest}
              shown={shortDigest(call.snapshotDigest)}
              label="Copy the digest of the snapshot"
            />
          )
        }
      />
      <Figure
        label="Call"
        value={<Copied text={call.id} shown={call.id} label="Copy the id of the call" />}
      />
    </dl>
  )
}

function costOf({ costUsd, unpriced, outcome }: ModelCallDetail) {
  if (costUsd !== null) return { value: costText(costUsd) }
  if (unpriced) return { value: 'unknown', note: 'the Model states no price' }
  return { value: null, note: outcome === 'refused' ? 'nothing was sent' : 'nothing was answered' }
}

function tokenNote({ estimated, cachedTokens, reasoningTokens }: ModelCallDetail) {
  const notes = [
    cachedTokens > 0 ? `${count(cachedTokens)} cached` : '',
    reasoningTokens > 0 ? `${count(reasoningTokens)} reasoning` : '',
    estimated ? 'estimated: the provider counted none' : '',
  ].filter(Boolean)
  return notes.length > 0 ? notes.join(', ') : undefined
}

function Calls({ search, children }: { search: Record<string, string>; children: ReactNode }) {
  return (
    <Link to="/models/calls" search={search} className="rounded text-accent hover:underline">
      {children}
    </Link>
  )
}

function Copied({ text, shown, label }: { text: string; shown: string; label: string }) {
  return (
    <span className="flex items-center gap-1">
      <code className="truncate font-mono text-small font-normal">{shown}</code>
      <CopyButton text={text} label={label} />
    </span>
  )
}

/** Tries one after another, each with its share of the time. */
function Tries({ call }: { call: ModelCallDetail }) {
  if (call.tries.length === 0) return null
  const sum = call.tries.reduce((ms, one) => ms + one.ms, 0)
  const whole = Math.max(call.totalMs, sum, 1)
  let begun = 0
  const bars = call.tries.map((one) => {
    const left = begun / whole
    begun += one.ms
    return { ...one, left, width: one.ms / whole }
  })
  return (
    <Section title={call.tries.length === 1 ? 'One try' : 'Tries'}>
      <ol className="border-t border-line">
        {bars.map((one, at) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: the same model may be tried twice
            key={at}
            className="grid gap-1 border-b border-line py-2"
          >
            <div className="grid grid-cols-[minmax(88px,220px)_minmax(0,1fr)_72px] items-center gap-3">
              <span className={`truncate ${one.code ? 'text-blocked' : ''}`}>
                {one.model} <span className="text-small text-ink-3">{one.provider}</span>
              </span>
              <span aria-hidden className="relative h-4">
                <span className="absolute inset-x-0 inset-y-1.5 rounded-full bg-sunken" />
                <span
                  className={`absolute inset-y-0.5 rounded-sm ${one.code ? 'bg-blocked' : 'bg-accent'}`}
                  style={{ left: `${one.left * 100}%`, width: `max(2px, ${one.width * 100}%)` }}
                />
              </span>
              <span className="text-right text-small text-ink-2">{durationText(one.ms)}</span>
            </div>
            {one.code ? (
              <p className="text-small break-words text-ink-2">
                <code className="font-mono text-blocked">{one.code}</code> {one.detail}
              </p>
            ) : null}
          </li>
        ))}
      </ol>
    </Section>
  )
}

/** Why this model, and why not the others. */
function Decision({ call }: { call: ModelCallDetail }) {
  const { choices, skipped } = call
  if (choices.length + skipped.length === 0) {
    return (
      <Section title="Choice of model">
        <p className="text-ink-3">
          There was no choice: {call.asked} stands for one model, and it was asked once.
        </p>
      </Section>
    )
  }
  return (
    <Section title="Choice of model">
      <ol className="border-t border-line">
        {choices.map(({ model, reason }, at) => (
          <Row key={model} mark={String(at + 1)} model={model} reason={reason}>
            {model === call.model ? (
              <Check aria-label="answered" className="size-4 text-good" />
            ) : null}
          </Row>
        ))}
        {skipped.map(({ model, reason }) => (
          <Row key={`not ${model}`} mark="–" model={model} reason={reason} quiet />
        ))}
      </ol>
    </Section>
  )
}

interface RowProps {
  mark: string
  model: string
  reason: string
  quiet?: boolean
  children?: ReactNode
}

function Row({ mark, model, reason, quiet, children }: RowProps) {
  return (
    <li className="flex min-h-9 flex-wrap items-center gap-x-3 border-b border-line py-1">
      <span className="w-4 text-small text-ink-3">{mark}</span>
      <span className={quiet ? 'text-ink-2 line-through' : 'font-medium'}>{model}</span>
      <span className="min-w-0 flex-1 text-ink-3">{reason}</span>
      {children}
    </li>
  )
}
