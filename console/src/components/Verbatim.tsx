/** Text as it is, to the character. Long lines scroll, by keyboard too. */
export function Verbatim({ text, label }: { text: string; label: string }) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      role="region"
      aria-label={label}
      className="overflow-x-auto rounded-md border border-line bg-sunken p-2 font-mono text-small
        font-normal"
    >
      {text}
    </pre>
  )
}
