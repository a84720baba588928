import type { ReactNode } from 'react'
import { PageHeader, TabLinks } from '../../components/Page.tsx'
import { Guard } from '../../frame/Screens.tsx'

const tabs = [
  { to: '/models/usage', label: 'Usage' },
  { to: '/models/calls', label: 'Calls' },
  { to: '/models/budgets', label: 'Budgets' },
  { to: '/models/routes', label: 'Routes' },
  { to: '/models/playground', label: 'Playground' },
] as const

interface ModelsFrameProps {
  tab: (typeof tabs)[number]['to']
  /** Who may see it, where that is not everybody who sees usage. */
  any?: string[]
  actions?: ReactNode
  children: ReactNode
}

/** Those who may call models see their own calls, those who read traces everybody's. */
export const mayOpen = ['models.use', 'traces.read']

export function ModelsFrame({ tab, any = mayOpen, actions, children }: ModelsFrameProps) {
  return (
    <>
      <PageHeader title="Models" actions={actions} />
      <TabLinks label="Parts of models" active={tab} tabs={[...tabs]} />
      <Guard bare any={any} what="Models">
        {children}
      </Guard>
    </>
  )
}
