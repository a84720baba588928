import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../components/Button.tsx'
import { Dialog } from '../components/Dialog.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Field, Input } from '../components/Field.tsx'
import { toast } from '../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../data/client.ts'
import { queries } from '../data/queries.ts'

const shortest = 12

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const me = useQuery(queries.me()).data
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const change = useMutation({
    mutationFn: async () => {
      await plinth.session.setPassword(me?.hasPassword ? { current, password } : { password })
      // A new password ends every session, this one too: go on with a fresh one.
      if (me) await plinth.session.signIn({ email: me.email, password })
    },
    onSuccess: () => {
      setCurrent('')
      setPassword('')
      toast({ title: 'The password is set.' })
      void queryClient.invalidateQueries({ queryKey: ['me'] })
      onClose()
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={me?.hasPassword ? 'Change the password' : 'Set a password'}
      description={`For ${me?.email ?? ''}. With a password no one-time link is needed to sign in.`}
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate()
        }}
      >
        {me?.hasPassword ? (
          <Field label="Current password">
            {(control) => (
              <Input
                {...control}
                type="password"
                autoComplete="current-password"
                value={current}
                onChange={(event) => setCurrent(event.target.value)}
              />
            )}
          </Field>
        ) : null}
        <Field label="New password" hint={`At least ${shortest} characters.`}>
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="new-password"
              minLength={shortest}
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {change.error ? <ErrorPanel problem={problemOf(change.error)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={change.isPending}>
            Set the password
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
