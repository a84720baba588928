import { Link } from '@tanstack/react-router'
import { ChevronRight } from 'lucide-react'
import { Fragment, type ReactNode, useEffect } from 'react'

interface PageHeaderProps {
  title: string
  /** The way to here, from the layer down. */
  trail?: { label: string; to: string; search?: Record<string, string> }[]
  /** Beside the title: a state. */
  beside?: ReactNode
  actions?: ReactNode
}

/** The name of the page, the way to it and what can be done with it. Focus lands on the name after a move. */
export function PageHeader({ title, trail = [], beside, actions }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Plinth`
  }, [title])
  return (
    <header
      className="flex min-h-12 shrink-0 items-center gap-3 border-b border-line
        bg-surface px-4 py-2"
    >
      <div className="flex min-w-0 flex-1 items-center gap-1.5">
        {trail.length > 0 ? (
          <nav
            aria-label="The way here"
            className="flex min-w-0 items-center gap-1.5 max-sm:hidden"
          >
            {trail.map(({ label, to, search = {} }) => (
              <Fragment key={to + label}>
                <Link
                  to={to}
                  search={search}
                  className="truncate rounded text-ink-2 hover:text-ink"
                >
                  {label}
                </Link>
                <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />
              </Fragment>
            ))}
          </nav>
        ) : null}
        <h1 tabIndex={-1} className="min-w-0 truncate font-semibold" title={title}>
          {title}
        </h1>
        {beside}
      </div>
      {actions ? <div className="flex shrink-0 items-center gap-2">{actions}</div> : null}
    </header>
  )
}

interface TabLinksProps {
  label: string
  tabs: { to: string; label: string; count?: number | undefined }[]
  /** Path of the tab that is shown. */
  active: string
}

/** Tabs that are pages: each has its address. */
export function TabLinks({ label, tabs, active }: TabLinksProps) {
  return (
    <nav
      aria-label={label}
      className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-3"
    >
      {tabs.map(({ to, label: name, count }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          aria-current={to === active ? 'page' : undefined}
          className="tab"
        >
          {name}
          {count !== undefined ? <span className="text-small text-ink-3">{count}</span> : null}
        </Link>
      ))}
    </nav>
  )
}

/** A row of filters above a list. */
export function Toolbar({ children }: { children: ReactNode }) {
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
      {children}
    </div>
  )
}

interface SectionProps {
  title: string
  beside?: ReactNode
  children: ReactNode
}

export function Section({ title, beside, children }: SectionProps) {
  return (
    <section className="grid min-w-0 gap-2">
      <div className="flex min-h-6 items-center gap-2">
        <h2 className="font-semibold">{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  )
}
