import { ChevronDown, Search, X } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId, useRef } from 'react'

const box = `w-full rounded-md border border-line-strong bg-surface px-2.5 text-ink
  placeholder:text-ink-3 hover:border-ink-3 focus-visible:outline-offset-0
  aria-invalid:border-blocked disabled:opacity-60`

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input autoComplete="off" {...rest} className={`${box} h-8 ${className ?? ''}`} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea {...rest} className={`${box} py-1.5 ${className ?? ''}`} />
}

interface Choice {
  value: string
  label: string
}

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange'> {
  choices: Choice[]
  onChange: (value: string) => void
}

/** The platform's own list: it works with every keyboard, screen reader and phone. */
export function Select({ choices, onChange, className, ...rest }: SelectProps) {
  return (
    <span className={`relative inline-flex ${className ?? ''}`}>
      <select
        {...rest}
        onChange={(event) => onChange(event.target.value)}
        className={`${box} h-8 appearance-none truncate pr-7`}
      >
        {choices.map(({ value, label }) => (
          <option key={value} value={value} className="bg-raised text-ink">
            {label}
          </option>
        ))}
      </select>
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute top-2 right-2 size-4 text-ink-3"
      />
    </span>
  )
}

interface FieldProps {
  label: string
  hint?: ReactNode
  error?: string | undefined
  /** Gets the ids to put on its control. */
  children: (control: {
    id: string
    'aria-describedby'?: string
    'aria-invalid'?: true
  }) => ReactNode
}

/** A control with its label above and its hint or error below. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const note = error ?? hint
  const described = note ? { 'aria-describedby': `${id}-note` } : {}
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, ...described, ...(error ? { 'aria-invalid': true as const } : {}) })}
      {note ? (
        <p id={`${id}-note`} className={`text-small ${error ? 'text-blocked' : 'text-ink-3'}`}>
          {note}
        </p>
      ) : null}
    </div>
  )
}

interface SearchInputProps {
  label: string
  /** Where the label has no room. */
  placeholder?: string
  value: string
  onChange: (value: string) => void
  className?: string
}

/** A search box that `/` focuses and Escape empties. */
export function SearchInput({ label, placeholder, value, onChange, className }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <span className={`relative inline-flex ${className ?? ''}`}>
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2 size-4 text-ink-3" />
      <Input
        ref={input}
        data-page-search
        type="text"
        inputMode="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && value !== '') {
            event.stopPropagation()
            onChange('')
          }
        }}
        className="px-7.5"
      />
      {value ? (
        <button
          type="button"
          aria-label="Empty the search"
          onClick={() => {
            onChange('')
            input.current?.focus()
          }}
          className="absolute top-1 right-1 inline-flex size-6 items-center justify-center rounded
            text-ink-3 hover:bg-hover hover:text-ink"
        >
          <X aria-hidden className="size-4" />
        </button>
      ) : null}
    </span>
  )
}
