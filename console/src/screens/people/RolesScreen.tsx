import type { ResourceDetail } from '@plinth/sdk'
import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, Plus } from 'lucide-react'
import { buttonClass } from '../../components/Button.tsx'
import { EmptyState } from '../../components/States.tsx'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { PeopleFrame } from './PeopleFrame.tsx'

export function RolesScreen() {
  const mayWrite = useMay('roles.write')
  const create = mayWrite ? (
    <Link to="/resources/new" search={{ kind: 'Role' }} className={buttonClass('primary')}>
      <Plus aria-hidden /> New role
    </Link>
  ) : null
  return (
    <PeopleFrame
      tab="/people/roles"
      permission="resources.read"
      what="The list of roles"
      actions={create}
    >
      <Roles />
    </PeopleFrame>
  )
}

function Roles() {
  const list = useInfiniteQuery(queries.resources({ kind: 'Role' }))
  const names = list.data?.pages.flatMap((page) => page.items.map(({ name }) => name)) ?? []
  const details = useQueries({ queries: names.map((name) => queries.resource('Role', name)) })
  const roles = details.flatMap(({ data }) => (data ? [data] : []))
  return (
    <section
      aria-label="Permissions by role"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reachable by keyboard
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto focus-visible:-outline-offset-2"
    >
      <Loaded query={list}>
        {() =>
          names.length === 0 ? (
            <EmptyState title="No role yet">
              A role is a set of permissions that people hold.
            </EmptyState>
          ) : (
            <Matrix roles={roles} />
          )
        }
      </Loaded>
    </section>
  )
}

/** Which role allows what, at a glance. */
function Matrix({ roles }: { roles: ResourceDetail[] }) {
  const permissions = [...new Set(roles.flatMap(permissionsOf))].filter((one) => one !== '*').sort()
  return (
    <table className="border-collapse">
      <thead>
        <tr>
          <th scope="col" className="sticky top-0 left-0 z-20 bg-surface px-4 py-2 text-left">
            <span className="text-small font-normal text-ink-3">Permission</span>
          </th>
          {roles.map(({ name, spec }) => (
            <th
              key={name}
              scope="col"
              title={String(spec.description ?? '')}
              className="sticky top-0 z-10 bg-surface px-3 py-2 text-left font-medium
                whitespace-nowrap"
            >
              <Link
                to="/resources/$kind/$name"
                params={{ kind: 'Role', name }}
                className="rounded text-accent hover:underline"
              >
                {name}
              </Link>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {permissions.map((permission) => (
          <tr key={permission} className="border-t border-line hover:bg-hover">
            <th
              scope="row"
              className="sticky left-0 bg-surface px-4 py-1.5 text-left font-normal
                whitespace-nowrap"
            >
              {permission}
            </th>
            {roles.map((role) => (
              <td key={role.name} className="px-3 py-1.5">
                {holds(role, permission) ? (
                  <Check aria-label="yes" className="size-4 text-good" />
                ) : (
                  <span className="text-ink-3">–</span>
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function permissionsOf(role: ResourceDetail): string[] {
  const { permissions } = role.spec
  return Array.isArray(permissions) ? permissions.map(String) : []
}

function holds(role: ResourceDetail, permission: string): boolean {
  const held = permissionsOf(role)
  return held.includes('*') || held.includes(permission)
}
