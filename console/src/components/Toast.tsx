import { X } from 'lucide-react'
import { useSyncExternalStore } from 'react'

export interface ToastMessage {
  title: string
  tone?: 'good' | 'warning' | 'blocked'
  /** For an act that can be undone, or a page that shows what happened. */
  action?: { label: string; run: () => void }
}

interface Shown extends ToastMessage {
  id: number
}

const shownMs = 6000
const atMost = 4
let shown: Shown[] = []
let nextId = 1
const listeners = new Set<() => void>()

function change(next: Shown[]) {
  shown = next
  for (const listener of listeners) listener()
}

/** Says briefly what happened. Errors that need reading belong in an ErrorPanel where they arose. */
export function toast(message: ToastMessage): void {
  const id = nextId++
  change([...shown, { ...message, id }].slice(-atMost))
  setTimeout(() => dismiss(id), shownMs)
}

function dismiss(id: number) {
  change(shown.filter((one) => one.id !== id))
}

const tones = { good: 'bg-good', warning: 'bg-warning', blocked: 'bg-blocked' }

export function Toasts() {
  const messages = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => shown,
  )
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 top-3 z-60 flex flex-col items-center gap-2"
    >
      {messages.map(({ id, title, tone = 'good', action }) => (
        <div
          key={id}
          className="appear pointer-events-auto flex w-full max-w-90 items-center gap-3 rounded-lg
            border border-line bg-raised py-2 pr-2 pl-3 shadow-popover"
        >
          <span aria-hidden className={`size-2 shrink-0 rounded-full ${tones[tone]}`} />
          <span className="min-w-0 flex-1 break-words">{title}</span>
          {action ? (
            <button
              type="button"
              className="rounded px-2 py-1 font-medium text-accent hover:bg-hover"
              onClick={() => {
                action.run()
                dismiss(id)
              }}
            >
              {action.label}
            </button>
          ) : null}
          <button
            type="button"
            aria-label="Dismiss"
            className="inline-flex size-7 items-center justify-center rounded text-ink-3 hover:bg-hover"
            onClick={() => dismiss(id)}
          >
            <X aria-hidden className="size-4" />
          </button>
        </div>
      ))}
    </div>
  )
}
