import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Select } from '../../components/Field.tsx'
import { EmptyState } from '../../components/States.tsx'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { DiffView } from './DiffView.tsx'
import type { ResourceName } from './ResourceScreen.tsx'

const route = getRouteApi('/app/resources/$kind/$name')

/** What differs between any two versions. */
export function CompareView({ kind, name }: ResourceName) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const history = useQuery(queries.resourceHistory(kind, name))
  return (
    <Loaded query={history}>
      {({ items }) => {
        const [newest, before] = items
        if (!newest || !before) {
          return (
            <EmptyState title="There is one version">
              With the next change the two can be compared here.
            </EmptyState>
          )
        }
        const between = {
          from: search.from ?? before.revision,
          to: search.to ?? newest.revision,
        }
        const choices = items.map(({ revision, message }) => ({
          value: String(revision),
          label: `Version ${revision}${message ? `: ${message.slice(0, 40)}` : ''}`,
        }))
        const change = (part: Partial<typeof between>) =>
          void navigate({ search: (old) => ({ ...old, ...between, ...part }), replace: true })
        return (
          <div className="grid gap-3 p-4">
            <div className="flex flex-wrap items-center gap-2">
              <Select
                aria-label="From"
                value={String(between.from)}
                onChange={(value) => change({ from: Number(value) })}
                choices={choices}
              />
              <span className="text-ink-3">to</span>
              <Select
                aria-label="To"
                value={String(between.to)}
                onChange={(value) => change({ to: Number(value) })}
                choices={choices}
              />
            </div>
            <Difference kind={kind} name={name} between={between} />
          </div>
        )
      }}
    </Loaded>
  )
}

interface DifferenceProps extends ResourceName {
  between: { from: number; to: number }
}

function Difference({ kind, name, between }: DifferenceProps) {
  const diff = useQuery(queries.resourceDiff(kind, name, between))
  return (
    <Loaded query={diff}>
      {(loaded) => (
        <DiffView diff={loaded.diff} label={`From version ${between.from} to ${between.to}`} />
      )}
    </Loaded>
  )
}
