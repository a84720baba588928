import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input, Select } from '../../components/Field.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { queries } from '../../data/queries.ts'
import { OnceShown } from './OnceShown.tsx'
import { Checks } from './PersonFields.tsx'

const dayMs = 86_400_000
const lifetimes = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: '', label: 'No end' },
]

/** What most keys are for; everything else is a key without scopes or one made by the API. */
const usualScopes = [
  'answers.ask',
  'documents.read',
  'documents.write',
  'models.use',
  'traces.read',
  'audit.read',
  'resources.read',
  'resources.write',
]

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const me = useQuery(queries.me()).data
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const [scopes, setScopes] = useState<string[]>([])
  const create = useMutation({
    mutationFn: () =>
      plinth.keys.create({
        name: name.trim(),
        scopes,
        ...(days ? { expiresAt: new Date(Date.now() + Number(days) * dayMs).toISOString() } : {}),
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['keys'] }),
  })
  if (create.data) {
    return (
      <Dialog open onClose={onClose} title={`The key ${create.data.name}`}>
        <OnceShown
          label="Secret"
          secret={create.data.secret}
          note="Put it where your program reads its secrets. It is not stored here and will not be shown again; if it is lost, make a new key and revoke this one."
          onDone={onClose}
        />
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="New API key"
      description={`It acts as ${me?.name ?? 'you'}: what you may not do, it cannot do.`}
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          create.mutate()
        }}
      >
        <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_140px]">
          <Field label="Name" hint="What uses it, e.g. portal backend.">
            {(control) => (
              <Input
                {...control}
                required
                maxLength={200}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label="Lives for">
            {(control) => (
              <Select {...control} value={days} onChange={setDays} choices={lifetimes} />
            )}
          </Field>
        </div>
        <Checks
          legend="Limited to (nothing chosen: everything you may do)"
          names={usualScopes}
          chosen={scopes}
          onChange={setScopes}
        />
        {create.error ? <ErrorPanel problem={problemOf(create.error)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={create.isPending}>
            Make the key
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
