import { ToggleGroup } from 'radix-ui'

interface SegmentsProps {
  label: string
  value: string
  choices: { value: string; label: string }[]
  onChange: (value: string) => void
}

/** One of a few views of the same thing. */
export function Segments({ label, value, choices, onChange }: SegmentsProps) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next)}
      className="inline-flex rounded-md border border-line-strong bg-surface p-0.5"
    >
      {choices.map((choice) => (
        <ToggleGroup.Item
          key={choice.value}
          value={choice.value}
          className="h-6.5 rounded px-2 text-ink-2 hover:text-ink data-[state=on]:bg-sunken
            data-[state=on]:font-medium data-[state=on]:text-ink"
        >
          {choice.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
