import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { problemOf } from '../data/client.ts'
import { Button, IconButton } from './Button.tsx'
import { ErrorPanel } from './ErrorPanel.tsx'
import { Field, Input } from './Field.tsx'

interface DialogProps {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  children?: ReactNode
  wide?: boolean
}

// The scrim is our own: Radix's overlay writes a style element, which the content security policy refuses.
export function Dialog({ open, onClose, title, description, children, wide }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <div aria-hidden className="fixed inset-0 z-40 bg-scrim" />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusFirstField}
          className={`appear fixed top-[10vh] left-1/2 z-50 flex max-h-[80vh] w-[calc(100vw-24px)]
            -translate-x-1/2 flex-col rounded-lg border border-line bg-raised shadow-popover outline-none
            ${wide ? 'max-w-3xl' : 'max-w-lg'}`}
        >
          <div className="flex items-start gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-title font-semibold">{title}</Radix.Title>
              {description ? (
                <Radix.Description className="mt-1 text-ink-2">{description}</Radix.Description>
              ) : null}
            </div>
            <Radix.Close asChild>
              <IconButton label="Close" keys="Esc">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </div>
          <div className="overflow-y-auto px-5 pt-2 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The first field, or the dialog itself: the closing cross is no place to start from. */
function focusFirstField(event: Event) {
  event.preventDefault()
  const content = event.currentTarget as HTMLElement
  const first = content.querySelector<HTMLElement>('[autofocus], input, textarea, select')
  ;(first ?? content).focus()
}

interface ConfirmProps {
  open: boolean
  onClose: () => void
  title: string
  /** What will happen, and what will not come back. */
  effect: ReactNode
  action: string
  /** Must be typed before the act is possible, where it cannot be undone. */
  name?: string
  onConfirm: () => Promise<unknown>
}

/** Asks before a dangerous act; shows what went wrong where it fails. */
export function Confirm({ open, onClose, title, effect, action, name, onConfirm }: ConfirmProps) {
  const [typed, setTyped] = useState('')
  const [state, setState] = useState<{ busy: boolean; failed?: unknown }>({ busy: false })
  const close = () => {
    setTyped('')
    setState({ busy: false })
    onClose()
  }
  const act = async () => {
    setState({ busy: true })
    try {
      await onConfirm()
      close()
    } catch (failed) {
      setState({ busy: false, failed })
    }
  }
  return (
    <Dialog open={open} onClose={close} title={title} description={effect}>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void act()
        }}
      >
        {name ? (
          <Field label={`Type ${name} to go on`}>
            {(control) => (
              <Input
                {...control}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                autoFocus
              />
            )}
          </Field>
        ) : null}
        {state.failed ? <ErrorPanel problem={problemOf(state.failed)} /> : null}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Keep it</Button>
          <Button
            type="submit"
            variant="danger"
            busy={state.busy}
            disabled={name !== undefined && typed !== name}
            autoFocus={name === undefined}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
