import { LoaderCircle } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { Tip } from './Tooltip.tsx'

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger'

const variants: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover',
  secondary: 'bg-surface text-ink border border-line-strong hover:bg-hover',
  ghost: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger: 'bg-surface text-blocked border border-line-strong hover:bg-blocked-soft',
}

export interface ButtonProps extends ComponentProps<'button'> {
  variant?: Variant
  /** Shows that the act is under way and blocks a second one. */
  busy?: boolean
  icon?: ReactNode
}

export function buttonClass(variant: Variant = 'secondary', extra = ''): string {
  return `inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md px-3 font-medium
    whitespace-nowrap transition-colors duration-100 select-none disabled:opacity-50
    aria-disabled:opacity-50 [&_svg]:size-4 ${variants[variant]} ${extra}`
}

export function Button({ variant, busy, icon, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={buttonClass(variant, className)}
    >
      {busy ? <LoaderCircle aria-hidden className="spin" /> : icon}
      {children}
    </button>
  )
}

export interface IconButtonProps extends ComponentProps<'button'> {
  label: string
  /** Key that does the same, shown in the tip. */
  keys?: string
  pressed?: boolean
}

/** A button that is an icon: its label is its name and its tip. */
export function IconButton({ label, keys, pressed, className, ...rest }: IconButtonProps) {
  return (
    <Tip label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        {...rest}
        className={`inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-3
          transition-colors duration-100 hover:bg-hover hover:text-ink disabled:opacity-40
          disabled:hover:bg-transparent aria-pressed:bg-accent-soft aria-pressed:text-accent
          [&_svg]:size-4 ${className ?? ''}`}
      />
    </Tip>
  )
}
