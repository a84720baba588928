import type { ReactNode } from 'react'

export type Tone = 'neutral' | 'accent' | 'good' | 'warning' | 'blocked'

const tones: Record<Tone, string> = {
  neutral: 'bg-sunken text-ink-2',
  accent: 'bg-accent-soft text-accent',
  good: 'bg-good-soft text-good',
  warning: 'bg-warning-soft text-warning',
  blocked: 'bg-blocked-soft text-blocked',
}

interface BadgeProps {
  tone?: Tone
  icon?: ReactNode
  title?: string | undefined
  children: ReactNode
}

export function Badge({ tone = 'neutral', icon, title, children }: BadgeProps) {
  return (
    <span
      title={title}
      className={`inline-flex h-5 max-w-full items-center gap-1 rounded px-1.5 text-small
        font-medium whitespace-nowrap [&_svg]:size-3 ${tones[tone]}`}
    >
      {icon}
      <span className="truncate">{children}</span>
    </span>
  )
}

const outcomeTones: Record<string, Tone> = {
  answered: 'good',
  ok: 'good',
  allowed: 'good',
  succeeded: 'good',
  ready: 'good',
  passed: 'good',
  done: 'good',
  found: 'good',
  indexed: 'good',
  unchanged: 'good',
  current: 'good',
  ungrounded: 'warning',
  withheld: 'warning',
  repaired: 'warning',
  marked: 'warning',
  warning: 'warning',
  waiting: 'warning',
  cut: 'blocked',
  refused: 'warning',
  denied: 'blocked',
  failed: 'blocked',
  error: 'blocked',
  blocked: 'blocked',
  running: 'accent',
  queued: 'accent',
  pending: 'accent',
}

/** How something went, in the colour that always means it, and in words. What went well stays quiet. */
export function OutcomeBadge({ outcome }: { outcome: string }) {
  const tone = outcomeTones[outcome] ?? 'neutral'
  if (tone !== 'good') return <Badge tone={tone}>{outcome}</Badge>
  return (
    <span className="inline-flex items-center gap-1.5 text-small whitespace-nowrap text-ink-2">
      <span aria-hidden className="size-2 rounded-full bg-good" />
      {outcome}
    </span>
  )
}
