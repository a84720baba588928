import type { Page } from '@plinth/sdk'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Dialog as Radix } from 'radix-ui'
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from 'react'
import { plinth } from '../data/client.ts'
import { queries } from '../data/queries.ts'
import { useMay } from '../data/session.ts'
import { layers } from './layers.ts'

interface Target {
  group: string
  label: string
  note?: string
  to: string
}

const perGroup = 6

/** Goes to anything by its name. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const [active, setActive] = useState(0)
  const targets = useTargets(useDeferredValue(typed.trim()))
  const id = useId()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new search starts at the top
  useEffect(() => setActive(0), [typed])
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, active])
  const go = (target: Target | undefined) => {
    if (!target) return
    onClose()
    void navigate({ href: target.to })
  }
  const keys = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step) setActive((active + step + targets.length) % Math.max(1, targets.length))
    else if (event.key === 'Enter') go(targets[active])
    else return
    event.preventDefault()
  }
  return (
    <Radix.Root open onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        <div aria-hidden className="fixed inset-0 z-40 bg-scrim" />
        <Radix.Content
          aria-describedby={undefined}
          className="appear fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[calc(100vw-24px)]
            max-w-xl -translate-x-1/2 flex-col overflow-hidden rounded-lg border border-line
            bg-raised shadow-popover"
        >
          <Radix.Title className="sr-only">Go to</Radix.Title>
          <input
            role="combobox"
            aria-expanded
            aria-label="Go to a page, assistant, document or resource"
            aria-controls={id}
            aria-activedescendant={targets.length > 0 ? `${id}-${active}` : undefined}
            placeholder="A page, assistant, document or resource"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={keys}
            className="h-12 shrink-0 border-b border-line bg-transparent px-4 outline-none
              placeholder:text-ink-3"
          />
          <Targets id={id} targets={targets} active={active} onHover={setActive} onGo={go} />
          {targets.length === 0 ? (
            <p className="p-4 text-ink-3">Nothing that you may see has this name.</p>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

interface TargetsProps {
  id: string
  targets: Target[]
  active: number
  onHover: (index: number) => void
  onGo: (target: Target) => void
}

function Targets({ id, targets, active, onHover, onGo }: TargetsProps) {
  return (
    <div id={id} role="listbox" aria-label="Results" className="overflow-y-auto p-1">
      {targets.map((target, index) => (
        <div key={target.to + target.label}>
          {target.group === targets[index - 1]?.group ? null : (
            <div role="presentation" className="px-3 pt-2 pb-1 text-small text-ink-3">
              {target.group}
            </div>
          )}
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys */}
          <div
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onMouseMove={() => onHover(index)}
            onClick={() => onGo(target)}
            className="flex h-8 cursor-pointer items-center gap-3 rounded px-3
              aria-selected:bg-hover"
          >
            <span className="max-w-full shrink-0 truncate">{target.label}</span>
            <span className="ml-auto min-w-0 truncate text-small text-ink-3">{target.note}</span>
          </div>
        </div>
      ))}
    </div>
  )
}

function useTargets(search: string): Target[] {
  const mayDocuments = useMay('documents.read')
  const mayResources = useMay('resources.read')
  const assistants = useQuery(queries.assistants())
  const bases = useQuery({ ...queries.bases(), enabled: mayDocuments })
  const found = { placeholderData: keepPreviousData, staleTime: 30_000 }
  const documents = useQuery({
    ...found,
    queryKey: ['palette', 'documents', search],
    queryFn: () => plinth.documents.list({ search, limit: perGroup }),
    enabled: mayDocuments && search.length > 1,
  })
  const resources = useQuery({
    ...found,
    queryKey: ['palette', 'resources', search],
    queryFn: () => plinth.resources.list({ search, limit: perGroup }),
    enabled: mayResources && search.length > 1,
  })
  const conversations = useQuery({
    ...found,
    queryKey: ['palette', 'conversations', search],
    queryFn: () => plinth.conversations.list({ search: search || undefined, limit: perGroup }),
  })
  const fits = (target: Target) => target.label.toLowerCase().includes(search.toLowerCase())
  const pages = layers.map(({ label, to, key }) => ({
    group: 'Pages',
    label,
    note: `g ${key}`,
    to,
  }))
  return [
    ...pages.filter(fits),
    ...listed(assistants.data, ({ name, description }) => ({
      group: 'Assistants',
      label: name,
      note: description,
      to: `/ask?assistant=${encodeURIComponent(name)}`,
    })).filter(fits),
    ...listed(bases.data, ({ name }) => ({
      group: 'Knowledge bases',
      label: name,
      to: `/knowledge/${encodeURIComponent(name)}`,
    })).filter(fits),
    ...listed(search.length > 1 ? documents.data : undefined, (one) => ({
      group: 'Documents',
      label: one.title,
      note: one.knowledgeBase,
      to: `/documents/${encodeURIComponent(one.id)}`,
    })),
    ...listed(search.length > 1 ? resources.data : undefined, ({ kind, name }) => ({
      group: 'Resources',
      label: name,
      note: kind,
      to: `/resources/${kind}/${encodeURIComponent(name)}`,
    })),
    ...listed(conversations.data, ({ id, title, assistant }) => ({
      group: 'Conversations',
      label: title,
      note: assistant,
      to: `/ask/${encodeURIComponent(id)}`,
    })),
  ]
}

function listed<T>(page: Page<T> | undefined, target: (item: T) => Target): Target[] {
  return (page?.items ?? []).slice(0, perGroup).map(target)
}
