import type { ReactNode } from 'react'
import { PageHeader, TabLinks } from '../../components/Page.tsx'
import { Guard } from '../../frame/Screens.tsx'

interface PeopleFrameProps {
  tab: '/people' | '/people/groups' | '/people/roles' | '/people/keys'
  /** Permission that this part needs. */
  permission: string
  what: string
  actions?: ReactNode
  children: ReactNode
}

export function PeopleFrame({ tab, permission, what, actions, children }: PeopleFrameProps) {
  return (
    <>
      <PageHeader title="People and keys" actions={actions} />
      <TabLinks
        label="Parts of people and keys"
        active={tab}
        tabs={[
          { to: '/people', label: 'People' },
          { to: '/people/groups', label: 'Groups' },
          { to: '/people/roles', label: 'Roles' },
          { to: '/people/keys', label: 'API keys' },
        ]}
      />
      <Guard bare any={[permission]} what={what}>
        {children}
      </Guard>
    </>
  )
}
