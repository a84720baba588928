import { type ApplyResult, PlinthProblem } from '@plinth/sdk'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../../components/Button.tsx'
import { Dialog } from '../../../components/Dialog.tsx'
import { ErrorPanel } from '../../../components/ErrorPanel.tsx'
import { Field, Input } from '../../../components/Field.tsx'
import { toast } from '../../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../../data/client.ts'
import { useDraft } from '../../../data/drafts.ts'
import { DiffView } from '../../resources/DiffView.tsx'

interface SavePromptProps {
  system: string
  onClose: () => void
}

/** Keeps the instructions as a version of a Prompt: first what would change is shown, then it is applied. */
export function SavePrompt({ system, onClose }: SavePromptProps) {
  const [name, setName] = useDraft('playground.prompt-name')
  const [message, setMessage] = useState('')
  const navigate = useNavigate()
  const look = useMutation({ mutationFn: () => change(name, { system, dryRun: true, message }) })
  const apply = useMutation({
    mutationFn: () => change(name, { system, dryRun: false, message }),
    onSuccess: ({ results }) => {
      for (const key of ['resource', 'resources']) {
        void queryClient.invalidateQueries({ queryKey: [key] })
      }
      toast({
        tone: 'good',
        title: `Prompt ${name} is at revision ${results[0]?.revision}`,
        action: {
          label: 'Open it',
          run: () =>
            void navigate({ to: '/resources/$kind/$name', params: { kind: 'Prompt', name } }),
        },
      })
      onClose()
    },
  })
  const found = look.data?.results[0]
  const failed = apply.error ?? look.error
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Save the instructions as a Prompt"
      description="A name that exists gets a new version; every version is kept, and can be gone back to."
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (found) apply.mutate()
          else look.mutate()
        }}
      >
        <Field label="Name of the Prompt">
          {(control) => (
            <Input
              {...control}
              required
              maxLength={253}
              value={name}
              onChange={(event) => {
                setName(event.target.value.trim())
                look.reset()
              }}
            />
          )}
        </Field>
        <Field label="Why (stands in the history)">
          {(control) => (
            <Input
              {...control}
              maxLength={2000}
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
          )}
        </Field>
        {found ? (
          <div className="grid gap-1.5">
            <p className="text-ink-2">
              {found.outcome === 'unchanged'
                ? 'It says this already.'
                : `Prompt ${name} would be ${found.outcome}.`}
            </p>
            <DiffView diff={found.diff} label={`What changes in ${name}`} />
          </div>
        ) : null}
        {failed ? <ErrorPanel problem={problemOf(failed)} /> : null}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Leave it</Button>
          <Button
            type="submit"
            variant="primary"
            busy={look.isPending || apply.isPending}
            disabled={name === '' || found?.outcome === 'unchanged'}
          >
            {found ? 'Save' : 'Show what changes'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** What else the Prompt says stays as it is. */
async function change(
  name: string,
  { system, dryRun, message }: { system: string; dryRun: boolean; message: string },
): Promise<ApplyResult> {
  const known = await plinth.resources.get('Prompt', name).catch((cause) => {
    if (cause instanceof PlinthProblem && cause.status === 404) return undefined
    throw cause
  })
  const spec = { ...(known?.spec as object | undefined), system }
  // JSON is YAML.
  const yaml = JSON.stringify({ kind: 'Prompt', name, spec })
  return plinth.resources.apply({ yaml, dryRun, ...(message ? { message } : {}) })
}
