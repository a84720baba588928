import { X } from 'lucide-react'
import { Button } from '../../components/Button.tsx'

const labels: Record<string, string> = {
  from: 'From',
  to: 'To',
  model: 'Model',
  provider: 'Provider',
  user: 'User',
  key: 'Key',
  project: 'Project',
  useCase: 'Use case',
  outcome: 'Outcome',
  fault: 'Fault',
  unpriced: 'Price',
}

interface ChipsProps {
  filter: Record<string, unknown>
  /** What users and keys are called. */
  nameOf?: (dimension: string, value: string) => string | undefined
  onRemove: (name: string) => void
}

/** The filters of the address, each with the way out of it. */
export function Chips({ filter, nameOf, onRemove }: ChipsProps) {
  return Object.entries(filter).map(([name, value]) => {
    const shown = textOf(name, String(value), nameOf)
    return (
      <Button
        key={name}
        icon={<X aria-hidden />}
        aria-label={`Remove the filter ${labels[name]} ${shown}`}
        onClick={() => onRemove(name)}
      >
        <span className="max-w-56 truncate">
          <span className="text-ink-3">{labels[name]}</span> {shown}
        </span>
      </Button>
    )
  })
}

function textOf(name: string, value: string, nameOf: ChipsProps['nameOf']): string {
  if (name === 'unpriced') return 'not known'
  if (value === '') return 'none'
  if (name === 'from' || name === 'to') return `${value.slice(0, 16).replace('T', ' ')} UTC`
  return nameOf?.(name, value) ?? value
}
