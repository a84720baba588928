import type { User } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link2 } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Confirm, Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { absoluteText } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { OnceShown } from './OnceShown.tsx'
import { type Person, PersonFields } from './PersonFields.tsx'

export function UserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const me = useQuery(queries.me()).data
  const [person, setPerson] = useState<Person>(user)
  const [disabling, setDisabling] = useState(false)
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['users'] })
  const save = useMutation({
    mutationFn: () => {
      const { name, roles, groups } = person
      return plinth.people.change(user.id, { name, roles, groups })
    },
    onSuccess: () => {
      void refresh()
      toast({ title: `${person.name} is changed.` })
      onClose()
    },
  })
  const link = useMutation({ mutationFn: () => plinth.people.signInLink(user.id) })
  const setDisabled = async (disabled: boolean) => {
    await plinth.people.change(user.id, { disabled })
    await refresh()
    toast({
      title: disabled
        ? `${user.name} can no longer sign in; their sessions and keys have ended.`
        : `${user.name} can sign in again.`,
    })
    onClose()
  }
  if (link.data) {
    const until = link.data.expiresAt ? ` until ${absoluteText(link.data.expiresAt)}` : ''
    return (
      <Dialog open onClose={onClose} title={`Sign-in link for ${user.name}`}>
        <OnceShown
          label="One-time sign-in link"
          secret={link.data.signInLink}
          note={`It works once${until}. Send it over a channel that only they read.`}
          onDone={onClose}
        />
      </Dialog>
    )
  }
  const failed = save.error ?? link.error
  return (
    <Dialog open onClose={onClose} title={user.name} description={user.email}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <PersonFields person={person} onChange={setPerson} />
        {failed ? <ErrorPanel problem={problemOf(failed)} /> : null}
        <div className="flex flex-wrap items-center gap-2">
          <Button
            icon={<Link2 aria-hidden />}
            busy={link.isPending}
            disabled={user.disabled}
            onClick={() => link.mutate()}
          >
            New sign-in link
          </Button>
          {user.id === me?.id ? null : user.disabled ? (
            <Button onClick={() => void setDisabled(false)}>Enable</Button>
          ) : (
            <Button variant="danger" onClick={() => setDisabling(true)}>
              Disable
            </Button>
          )}
          <Button type="submit" variant="primary" busy={save.isPending} className="ml-auto">
            Save
          </Button>
        </div>
      </form>
      <Confirm
        open={disabling}
        onClose={() => setDisabling(false)}
        title={`Disable ${user.name}?`}
        effect="They are signed out at once and their API keys stop working. What they did stays. You can enable them again."
        action="Disable"
        onConfirm={() => setDisabled(true)}
      />
    </Dialog>
  )
}
