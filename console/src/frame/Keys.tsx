import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { Dialog } from '../components/Dialog.tsx'
import { Kbd } from '../components/Tooltip.tsx'
import { layers } from './layers.ts'

const keyTable: { title: string; keys: [string, string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      ['Ctrl K', 'Go to a page, assistant, document or resource'],
      ['/', 'Search on this page'],
      ['?', 'Show these keys'],
      ['Esc', 'Close what is open'],
    ],
  },
  { title: 'Go to', keys: layers.map(({ key, label }) => [`g ${key}`, label]) },
  {
    title: 'Ask',
    keys: [
      ['Enter', 'Send the question'],
      ['Shift Enter', 'New line'],
      ['n', 'New conversation'],
      ['[  ]', 'Previous, next citation'],
    ],
  },
  {
    title: 'Lists',
    keys: [
      ['↑ ↓', 'Move (also k and j)'],
      ['Home End', 'First, last'],
      ['Enter', 'Open'],
    ],
  },
]

export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keys" wide>
      <div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
        {keyTable.map(({ title, keys }) => (
          <section key={title} className="grid content-start gap-2">
            <h3 className="text-small text-ink-3">{title}</h3>
            <dl className="grid grid-cols-[108px_1fr] items-center gap-y-1.5">
              {keys.map(([key, what]) => (
                <div key={key} className="contents">
                  <dt className="flex gap-1">
                    {key.split(' ').map((one) => (one ? <Kbd key={one}>{one}</Kbd> : null))}
                  </dt>
                  <dd className="text-ink-2">{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}

const sequenceMs = 1200

interface KeyActions {
  onPalette: () => void
  onKeys: () => void
}

/** Keys that work on every page, except while something is typed. */
export function useGlobalKeys({ onPalette, onKeys }: KeyActions): void {
  const navigate = useNavigate()
  const went = useRef(0)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        onPalette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('[role="dialog"]')) return
      const layer = layers.find(({ key }) => key === event.key)
      if (layer && Date.now() - went.current < sequenceMs) void navigate({ to: layer.to })
      else if (event.key === '?') onKeys()
      else if (event.key === 'g') went.current = Date.now()
      else if (event.key === '/') focusPageSearch()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [navigate, onPalette, onKeys])
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.matches('input, textarea, select') || hasEditor(target)
}

/** The YAML editor lives in a shadow tree: from outside only its host is seen. */
function hasEditor(target: HTMLElement): boolean {
  return target.shadowRoot?.activeElement?.matches('[contenteditable]') === true
}

function focusPageSearch() {
  document.querySelector<HTMLElement>('[data-page-search]')?.focus()
}
