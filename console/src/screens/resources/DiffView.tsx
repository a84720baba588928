/** A unified diff, as the server computes it from the canonical YAML. */
export function DiffView({ diff, label }: { diff: string; label: string }) {
  const lines = diff.split('\n').filter((line, at, all) => line !== '' || at < all.length - 1)
  if (lines.length === 0) return <p className="text-ink-3">No difference.</p>
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard
      tabIndex={0}
      className="overflow-x-auto rounded-md border border-line py-1 font-mono text-small"
    >
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one diff never move
        <div key={at} className={`min-w-max px-3 whitespace-pre ${lineClass(line)}`}>
          {line || ' '}
        </div>
      ))}
    </section>
  )
}

function lineClass(line: string): string {
  if (/^(---|\+\+\+|@@)/.test(line)) return 'text-ink-3'
  if (line.startsWith('+')) return 'bg-good-soft text-good'
  if (line.startsWith('-')) return 'bg-blocked-soft text-blocked'
  return ''
}
