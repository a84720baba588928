import { Link } from '@tanstack/react-router'
import type { DocumentView } from './DocumentScreen.tsx'

interface ViewTabsProps {
  active: DocumentView
  tabs: { view: DocumentView; label: string; count?: string }[]
}

/** The views of one document. The passage and the version in the address stay. */
export function ViewTabs({ active, tabs }: ViewTabsProps) {
  return (
    <nav
      aria-label="Views"
      className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-3"
    >
      {tabs.map(({ view, label, count }) => (
        <Link
          key={view}
          to="."
          search={(old) => ({ ...old, view })}
          replace
          aria-current={view === active ? 'page' : undefined}
          className="tab"
        >
          {label}
          {count ? <span className="text-small text-ink-3">{count}</span> : null}
        </Link>
      ))}
    </nav>
  )
}
