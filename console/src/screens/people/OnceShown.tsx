import { Button } from '../../components/Button.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'

interface OnceShownProps {
  label: string
  secret: string
  note: string
  onDone: () => void
}

/** A secret that is seen once: here, now. */
export function OnceShown({ label, secret, note, onDone }: OnceShownProps) {
  return (
    <div className="grid gap-3">
      <div className="grid gap-1">
        <span className="font-medium">{label}</span>
        <div className="flex items-start gap-2 rounded-md border border-line-strong bg-sunken p-2">
          <code className="min-w-0 flex-1 font-mono text-small break-all select-all">{secret}</code>
          <CopyButton text={secret} label={`Copy: ${label.toLowerCase()}`} />
        </div>
      </div>
      <p className="text-ink-2">{note}</p>
      <div className="flex justify-end">
        <Button variant="primary" onClick={onDone}>
          I have it
        </Button>
      </div>
    </div>
  )
}
