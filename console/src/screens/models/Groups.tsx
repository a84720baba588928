import type { UsageGroup, UsageReport } from '@plinth/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Section } from '../../components/Page.tsx'
import { Segments } from '../../components/Segments.tsx'
import { count, durationText } from '../../data/format.ts'
import { usageBy } from '../../search-params.ts'
import { errorsOf, moneyText, unpricedNote } from './figures.ts'

const route = getRouteApi('/app/models/usage')

const labels: Record<(typeof usageBy)[number], string> = {
  model: 'Model',
  user: 'User',
  key: 'Key',
  project: 'Project',
  useCase: 'Use case',
  provider: 'Provider',
  outcome: 'Outcome',
}

interface GroupsProps {
  by: (typeof usageBy)[number]
  report: UsageReport
  filter: Record<string, unknown>
  actions: ReactNode
}

/** Sums by one dimension: a name narrows the page to it, a number leads to its calls. */
export function Groups({ by, report, filter, actions }: GroupsProps) {
  const navigate = route.useNavigate()
  return (
    <Section title="By" beside={<GroupChoice by={by} actions={actions} />}>
      <div
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
        role="region"
        aria-label={`Usage by ${labels[by].toLowerCase()}`}
        className="overflow-x-auto rounded-lg border border-line bg-surface"
      >
        <table className="w-full min-w-180 tabular-nums">
          <thead className="text-small text-ink-3">
            <tr>
              {[labels[by], ...heads].map((head, i) => (
                <th
                  key={head}
                  scope="col"
                  className={`px-3 py-1.5 font-normal whitespace-nowrap ${i === 0 ? 'text-left' : 'text-right'}`}
                >
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.groups.slice(0, shownMost).map((group) => (
              <GroupRow
                key={group.keys[0]?.value ?? ''}
                group={group}
                calls={{ ...filter, from: report.from, to: report.to, [by]: subjectOf(group) }}
                onNarrow={() =>
                  void navigate({ search: (old) => ({ ...old, [by]: subjectOf(group) }) })
                }
              />
            ))}
          </tbody>
        </table>
        {report.groups.length > shownMost || report.truncated ? (
          <p className="border-t border-line px-3 py-2 text-small text-ink-3">
            The {shownMost} with the most calls; the CSV holds more.
          </p>
        ) : null}
        {report.groups.length === 0 ? (
          <p className="border-t border-line px-3 py-6 text-center text-ink-3">
            No call fits these filters.
          </p>
        ) : null}
      </div>
    </Section>
  )
}

const shownMost = 100
const heads = [
  'Calls',
  'Tokens in',
  'Tokens out',
  'Cost',
  'Errors',
  'First token p50 · p95',
  'Whole p50 · p95',
]
const subjectOf = ({ keys }: UsageGroup) => keys[0]?.value ?? ''

function GroupChoice({ by, actions }: Pick<GroupsProps, 'by' | 'actions'>) {
  const navigate = route.useNavigate()
  return (
    <span className="flex min-w-0 flex-1 items-center gap-2">
      <span className="min-w-0 overflow-x-auto whitespace-nowrap">
        <Segments
          label="Sum by"
          value={by}
          onChange={(value) =>
            void navigate({
              search: (old) => ({ ...old, by: value as GroupsProps['by'] }),
              replace: true,
              resetScroll: false,
            })
          }
          choices={usageBy.map((value) => ({ value, label: labels[value] }))}
        />
      </span>
      <span className="ml-auto">{actions}</span>
    </span>
  )
}

interface GroupRowProps {
  group: UsageGroup
  /** Filter of its calls. */
  calls: Record<string, unknown>
  onNarrow: () => void
}

function GroupRow({ group, calls, onNarrow }: GroupRowProps) {
  const [key] = group.keys
  const name = key?.name ?? key?.value
  const errors = errorsOf(group)
  const cell = 'px-3 py-1.5 text-right whitespace-nowrap'
  return (
    <tr className="border-t border-line">
      <th scope="row" className="max-w-72 px-3 py-1.5 text-left font-normal">
        <button
          type="button"
          onClick={onNarrow}
          title={`Only ${name ?? 'those that have none'}`}
          className="max-w-full truncate rounded text-accent hover:underline"
        >
          {name ?? '(none)'}
        </button>
      </th>
      <td className={cell}>
        <Link to="/models/calls" search={calls} className="rounded text-accent hover:underline">
          {count(group.calls)}
        </Link>
      </td>
      <td className={cell}>{count(group.inputTokens)}</td>
      <td className={cell}>{count(group.outputTokens)}</td>
      <td className={cell} title={unpricedNote(group)}>
        {moneyText(group)}
      </td>
      <td className={`${cell} ${errors > 0 ? 'text-blocked' : ''}`}>{count(errors)}</td>
      <td className={cell}>{spreadText(group.firstTokenMs)}</td>
      <td className={cell}>{spreadText(group.totalMs)}</td>
    </tr>
  )
}

function spreadText(spread: UsageGroup['totalMs']): ReactNode {
  if (!spread) return <span className="text-ink-3">no data</span>
  return `${durationText(spread.p50)} · ${durationText(spread.p95)}`
}
