import { X } from 'lucide-react'
import { type KeyboardEvent, useId, useState } from 'react'
import { Input } from './Field.tsx'

export interface Found {
  value: string
  label: string
  /** Tells apart those of one name. */
  note?: string
}

interface ComboboxProps {
  label: string
  /** What is chosen now, in words; nothing where nothing is. */
  chosen: string | undefined
  /** What fits what was typed; undefined while it is looked up. */
  found: Found[] | undefined
  onType: (text: string) => void
  onChoose: (value: string | undefined) => void
  className?: string
}

/** Chooses one of many by typing a part of its name. Arrows move, Enter chooses, Escape leaves it as it was. */
export function Combobox({ label, chosen, found, onType, onChoose, className }: ComboboxProps) {
  const id = useId()
  /** What is being typed; null where the list is closed. */
  const [typed, setTyped] = useState<string | null>(null)
  const [active, setActive] = useState(0)
  const type = (text: string) => {
    setTyped(text)
    setActive(0)
    onType(text)
  }
  const choose = (value: string | undefined) => {
    setTyped(null)
    onChoose(value)
  }
  const open = typed !== null
  const choices = found ?? []
  const keys = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step && !open) type('')
    else if (step) setActive((active + step + choices.length) % Math.max(1, choices.length))
    else if (event.key === 'Enter' && open && choices[active]) choose(choices[active].value)
    else if (event.key === 'Escape' && open) setTyped(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <span className={`relative inline-flex ${className ?? ''}`}>
      <Input
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-activedescendant={open && choices[active] ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        placeholder={label}
        value={typed ?? chosen ?? ''}
        onChange={(event) => type(event.target.value)}
        onClick={() => open || type('')}
        onBlur={() => setTyped(null)}
        onKeyDown={keys}
        className={chosen === undefined ? '' : 'pr-7!'}
      />
      {chosen === undefined || open ? null : (
        <button
          type="button"
          aria-label={`${label}: anybody`}
          onClick={() => choose(undefined)}
          className="absolute top-1 right-1 inline-flex size-6 items-center justify-center rounded
            text-ink-3 hover:bg-hover hover:text-ink"
        >
          <X aria-hidden className="size-4" />
        </button>
      )}
      {open ? (
        <div
          id={id}
          role="listbox"
          aria-label={label}
          className="absolute top-full left-0 z-30 mt-1 max-h-72 w-72 max-w-[calc(100vw-32px)]
            overflow-y-auto rounded-md border border-line bg-raised p-1 shadow-popover"
        >
          {choices.map((choice, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys
            <div
              key={choice.value}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              // Before the input loses the focus, which closes the list.
              onMouseDown={(event) => event.preventDefault()}
              onMouseMove={() => setActive(index)}
              onClick={() => choose(choice.value)}
              className="grid cursor-pointer rounded px-2 py-1 aria-selected:bg-hover"
            >
              <span className="truncate">{choice.label}</span>
              <span className="truncate text-small text-ink-3">{choice.note}</span>
            </div>
          ))}
          {found && choices.length === 0 ? (
            <div role="option" tabIndex={-1} aria-selected={false} className="px-2 py-1 text-ink-3">
              Nobody has this name.
            </div>
          ) : null}
        </div>
      ) : null}
    </span>
  )
}
