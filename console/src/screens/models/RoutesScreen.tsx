import type { RouteExplanation, RouteQuestion } from '@plinth/sdk'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, Waypoints } from 'lucide-react'
import { Badge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { Field, Input, Select } from '../../components/Field.tsx'
import { EmptyState } from '../../components/States.tsx'
import { costText, count, durationText } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useUrlText } from '../../data/url-text.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { ModelsFrame } from './ModelsFrame.tsx'

const route = getRouteApi('/app/models/routes')
const hourMs = 3_600_000

export function RoutesScreen() {
  const mayWrite = useMay('resources.write')
  const create = mayWrite ? (
    <Link to="/resources/new" search={{ kind: 'Route' }} className={buttonClass('primary')}>
      <Plus aria-hidden /> New route
    </Link>
  ) : null
  return (
    <ModelsFrame tab="/models/routes" any={['resources.read']} actions={create}>
      <Routes />
    </ModelsFrame>
  )
}

function Routes() {
  const list = useQuery(queries.routes())
  const { route: named } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <Loaded query={list} lines={8}>
        {({ items }) => {
          const names = items.map(({ name }) => name)
          const shown = named ?? names[0]
          if (shown === undefined) return <NoRoutes />
          const choices = names.includes(shown) ? names : [shown, ...names]
          return (
            <div className="grid max-w-240 gap-4 p-4">
              <div className="flex flex-wrap items-center gap-3">
                <Select
                  aria-label="Route"
                  value={shown}
                  onChange={(name) =>
                    void navigate({ search: (old) => ({ ...old, route: name }), replace: true })
                  }
                  choices={choices.map((value) => ({ value, label: value }))}
                />
                <Link
                  to="/resources/$kind/$name"
                  params={{ kind: 'Route', name: shown }}
                  search={{ view: 'edit' }}
                  className={buttonClass('secondary')}
                >
                  Edit
                </Link>
              </div>
              <Question />
              <Explained name={shown} />
            </div>
          )
        }}
      </Loaded>
    </div>
  )
}

function NoRoutes() {
  return (
    <EmptyState icon={<Waypoints aria-hidden />} title="No Route chooses between models yet">
      A Route is a name that applications ask for. It says which models may answer, under which
      conditions and in which order; the next one is tried before the first word was sent.
    </EmptyState>
  )
}

/** What the request would say of itself. */
function Question() {
  const { dataClass, region, language, tokens, needs } = route.useSearch()
  const navigate = route.useNavigate()
  const change = (part: Record<string, string | number | undefined>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  return (
    <section aria-label="A request" className="grid grid-cols-2 gap-3 sm:grid-cols-5">
      <Words label="Data class" value={dataClass} onChange={(dataClass) => change({ dataClass })} />
      <Words label="Region" value={region} onChange={(region) => change({ region })} />
      <Words label="Language" value={language} onChange={(language) => change({ language })} />
      <Words
        label="Input tokens"
        value={tokens?.toString()}
        onChange={(text) => change({ tokens: text === undefined ? undefined : Number(text) || 0 })}
      />
      <Field label="Needs">
        {(control) => (
          <Select
            {...control}
            value={needs ?? ''}
            onChange={(value) => change({ needs: value || undefined })}
            choices={[
              { value: '', label: 'text only' },
              ...['tools', 'vision', 'json-schema'].map((value) => ({ value, label: value })),
            ]}
          />
        )}
      </Field>
    </section>
  )
}

interface WordsProps {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function Words({ label, value, onChange }: WordsProps) {
  const [typed, setTyped] = useUrlText(value, onChange)
  return (
    <Field label={label}>
      {(control) => (
        <Input
          {...control}
          placeholder="not said"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </Field>
  )
}

function Explained({ name }: { name: string }) {
  const { dataClass, region, language, tokens, needs } = route.useSearch()
  const list = (text: string) => text.split(',').map((one) => one.trim())
  const question: RouteQuestion = {
    ...(dataClass ? { dataClasses: list(dataClass) } : {}),
    ...(region ? { regions: list(region) } : {}),
    ...(language ? { language } : {}),
    ...(tokens ? { inputTokens: tokens } : {}),
    ...(needs ? { needs: [needs] } : {}),
  }
  const explained = useQuery({
    ...queries.explainedRoute(name, question),
    placeholderData: keepPreviousData,
  })
  const begin = () => new Date(Date.now() - hourMs).toISOString()
  const usage = useQuery(queries.usage('1h', begin, { by: 'model', asked: name }))
  const total = usage.data?.total.calls ?? 0
  const shareOf = (model: string) =>
    total === 0
      ? null
      : (usage.data?.groups.find(({ keys }) => keys[0]?.value === model)?.calls ?? 0) / total
  return (
    <Loaded query={explained} lines={5}>
      {({ strategy, reason, candidates, shadow }) => (
        <section aria-label={`Candidates of ${name}`} className="grid gap-3">
          <p className="text-ink-2">
            <Badge>{strategy}</Badge> {reason}
            {shadow ? `; ${shadow} sees a share as a shadow` : ''}
          </p>
          <ol className="grid gap-2">
            {candidates.map((one) => (
              <Candidate key={one.model} candidate={one} share={shareOf(one.model)} n={total} />
            ))}
          </ol>
        </section>
      )}
    </Loaded>
  )
}

interface CandidateProps {
  candidate: RouteExplanation['candidates'][number]
  share: number | null
  n: number
}

/** Where a candidate stands and why, or why it does not get the request; and how it is now. */
function Candidate({ candidate, share, n }: CandidateProps) {
  const { model, provider, place, reason, forecast, live } = candidate
  const state = live?.down ? 'down' : live?.breaker
  return (
    <li className="grid gap-1.5 rounded-lg border border-line bg-surface p-3">
      <div className="flex flex-wrap items-center gap-2">
        <span className="w-5 font-semibold tabular-nums">{place ?? '–'}</span>
        <Link
          to="/resources/$kind/$name"
          params={{ kind: 'Model', name: model }}
          className="rounded font-medium hover:underline"
        >
          {model}
        </Link>
        <span className="text-small text-ink-3">{provider}</span>
        {place === null ? <Badge tone="warning">not chosen</Badge> : null}
        {state && state !== 'closed' ? (
          <Badge tone="blocked">{state === 'down' ? 'down' : `breaker ${state}`}</Badge>
        ) : null}
      </div>
      <p className="pl-7 break-words text-ink-2">{reason}</p>
      <p className="flex flex-wrap gap-x-4 pl-7 text-small text-ink-3 tabular-nums">
        <span>
          {live ? `${live.inFlight} in flight, ${live.waiting} waiting` : 'no live state'}
        </span>
        <span>
          {forecast?.firstTokenMs == null
            ? 'latency: no data'
            : `first token in about ${durationText(forecast.firstTokenMs)}`}
        </span>
        <span>
          {forecast?.costUsd == null
            ? 'cost: unknown'
            : `about ${costText(forecast.costUsd)} a call`}
        </span>
        <span>
          {share === null
            ? 'no calls in the last hour'
            : `${Math.round(share * 100)} % of the last hour (n=${count(n)})`}
        </span>
      </p>
    </li>
  )
}
