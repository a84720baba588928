import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { SlidersHorizontal, X } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Combobox } from '../../components/Combobox.tsx'
import { Input, SearchInput, Select } from '../../components/Field.tsx'
import { Toolbar } from '../../components/Page.tsx'
import { plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useUrlText } from '../../data/url-text.ts'
import { useNarrow } from '../../frame/media.ts'

const route = getRouteApi('/app/audit')

/** What of the log is shown. On a telephone everything but the search waits behind a button. */
export function AuditFilters({ total }: { total: number | undefined }) {
  const { event: _, search: text, ...rest } = route.useSearch()
  const change = useChange()
  const [search, setSearch] = useUrlText(text, (value) => change({ search: value }))
  const [opened, setOpened] = useState(false)
  const narrow = useNarrow()
  const used = Object.keys(rest).length
  return (
    <Toolbar>
      <SearchInput
        label="Search events"
        value={search}
        onChange={setSearch}
        className="min-w-44 flex-1 sm:max-w-60"
      />
      {narrow ? (
        <Button
          icon={<SlidersHorizontal aria-hidden />}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          {used > 0 ? `Filters (${used})` : 'Filters'}
        </Button>
      ) : null}
      {narrow && !opened ? null : <Filters />}
      <span role="status" className="ml-auto text-small text-ink-3">
        {total === undefined ? '' : plural(total, 'event')}
      </span>
    </Toolbar>
  )
}

function useChange() {
  const navigate = route.useNavigate()
  type Search = ReturnType<typeof route.useSearch>
  return (part: Partial<Search>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
}

function Filters() {
  const filter = route.useSearch()
  const change = useChange()
  const kinds = useQuery(queries.auditState()).data?.kinds ?? []
  const known = kinds.map(({ kind }) => ({ value: kind, label: kind }))
  const stray = filter.kind && !kinds.some(({ kind }) => kind === filter.kind) ? filter.kind : null
  return (
    <>
      <Select
        aria-label="Kind"
        className="max-w-48"
        value={filter.kind ?? ''}
        onChange={(kind) => change({ kind: kind || undefined })}
        choices={[
          { value: '', label: 'Any kind' },
          ...(stray ? [{ value: stray, label: stray }] : []),
          ...known,
        ]}
      />
      <Who value={filter.actor} onChange={(actor) => change({ actor })} />
      <Day label="From" value={filter.from} onChange={(from) => change({ from })} />
      <Day label="To" value={filter.to} onChange={(to) => change({ to })} />
      {filter.target ? (
        <Button
          icon={<X aria-hidden />}
          aria-label={`Show every target, not only ${filter.target}`}
          title={filter.target}
          onClick={() => change({ target: undefined })}
        >
          <span className="max-w-48 truncate">{filter.target}</span>
        </Button>
      ) : null}
    </>
  )
}

interface WhoProps {
  value: string | undefined
  onChange: (id: string | undefined) => void
}

/** People, keys and the server by name; the address keeps the id. */
function Who({ value, onChange }: WhoProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const found = useQuery({ ...queries.auditActors(search), placeholderData: keepPreviousData })
  const chosen = useQuery({ ...queries.auditActors(value ?? ''), enabled: value !== undefined })
  const name = chosen.data?.items.find(({ id }) => id === value)?.name
  return (
    <Combobox
      label="By"
      className="w-44"
      chosen={value === undefined ? undefined : (name ?? value)}
      found={found.data?.items.map(({ id, name: label, note }) => ({ value: id, label, note }))}
      onType={setTyped}
      onChoose={onChange}
    />
  )
}

interface DayProps {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function Day({ label, value, onChange }: DayProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is in it
    <label
      title={`${label} (day, your time zone)`}
      className="flex items-center gap-1.5 text-small text-ink-3"
    >
      {label}
      <Input
        type="date"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || undefined)}
        className="w-34!"
      />
    </label>
  )
}
