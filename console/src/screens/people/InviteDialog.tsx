import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { useDraft } from '../../data/drafts.ts'
import { OnceShown } from './OnceShown.tsx'
import { type Person, PersonFields } from './PersonFields.tsx'

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useDraft('invite.email')
  const [person, setPerson] = useState<Person>({ name: '', roles: ['member'], groups: [] })
  const invite = useMutation({
    mutationFn: () => plinth.people.invite({ email: email.trim(), ...person }),
    onSuccess: () => {
      setEmail('')
      void queryClient.invalidateQueries({ queryKey: ['users'] })
    },
  })
  if (invite.data) {
    return (
      <Dialog open onClose={onClose} title={`${invite.data.name} is invited`}>
        <OnceShown
          label="One-time sign-in link"
          secret={invite.data.signInLink}
          note="Send it over a channel that only they read. It works once, and is not shown again; you can make another one."
          onDone={onClose}
        />
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite somebody"
      description="They get a link that works once. No e-mail is sent: you hand it over."
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          invite.mutate()
        }}
      >
        <Field label="E-mail">
          {(control) => (
            <Input
              {...control}
              type="email"
              required
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <PersonFields person={person} onChange={setPerson} />
        {invite.error ? <ErrorPanel problem={problemOf(invite.error)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={invite.isPending}>
            Invite
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
