import type { ReactNode } from 'react'
import { PageHeader, TabLinks } from '../../components/Page.tsx'
import { Guard } from '../../frame/Screens.tsx'

interface ModelsFrameProps {
  tab: '/models/usage' | '/models/calls' | '/models/budgets'
  actions?: ReactNode
  children: ReactNode
}

/** Those who may call models see their own calls, those who read traces everybody's. */
export const mayOpen = ['models.use', 'traces.read']

export function ModelsFrame({ tab, actions, children }: ModelsFrameProps) {
  return (
    <>
      <PageHeader title="Models" actions={actions} />
      <TabLinks
        label="Parts of models"
        active={tab}
        tabs={[
          { to: '/models/usage', label: 'Usage' },
          { to: '/models/calls', label: 'Calls' },
          { to: '/models/budgets', label: 'Budgets' },
        ]}
      />
      <Guard bare any={mayOpen} what="Models">
        {children}
      </Guard>
    </>
  )
}
