import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Field, Input } from '../../components/Field.tsx'
import { queries } from '../../data/queries.ts'

export interface Person {
  name: string
  roles: string[]
  groups: string[]
}

interface PersonFieldsProps {
  person: Person
  onChange: (person: Person) => void
}

/** Name, roles and groups: the same when somebody is invited and when somebody changes. */
export function PersonFields({ person, onChange }: PersonFieldsProps) {
  const roles = useInfiniteQuery(queries.resources({ kind: 'Role' }))
  const groups = useQuery(queries.groups())
  const roleNames = roles.data?.pages.flatMap((page) => page.items.map(({ name }) => name)) ?? []
  const groupNames = groups.data?.items.map(({ name }) => name) ?? []
  return (
    <>
      <Field label="Name">
        {(control) => (
          <Input
            {...control}
            required
            maxLength={200}
            value={person.name}
            onChange={(event) => onChange({ ...person, name: event.target.value })}
          />
        )}
      </Field>
      <Checks
        legend="Roles: what they may do"
        names={merged(roleNames, person.roles)}
        chosen={person.roles}
        onChange={(chosen) => onChange({ ...person, roles: chosen })}
      />
      <Checks
        legend="Groups: what they may read"
        names={merged(groupNames, person.groups)}
        chosen={person.groups}
        onChange={(chosen) => onChange({ ...person, groups: chosen })}
      />
    </>
  )
}

interface ChecksProps {
  legend: string
  names: string[]
  chosen: string[]
  onChange: (chosen: string[]) => void
}

export function Checks({ legend, names, chosen, onChange }: ChecksProps) {
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1 font-medium">{legend}</legend>
      {names.length === 0 ? <p className="text-ink-3">There are none.</p> : null}
      <div className="grid max-h-48 grid-cols-2 gap-x-4 overflow-y-auto">
        {names.map((name) => (
          <label key={name} className="flex min-h-7 items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={chosen.includes(name)}
              onChange={(event) =>
                onChange(
                  event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name),
                )
              }
            />
            <span className="truncate">{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function merged(known: string[], held: string[]): string[] {
  return [...known, ...held.filter((name) => !known.includes(name))]
}
