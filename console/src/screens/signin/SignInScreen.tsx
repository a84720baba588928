import type { SignInRequest } from '@plinth/sdk'
import { useMutation } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { queries } from '../../data/queries.ts'
import { safeNext } from '../../data/session.ts'

const route = getRouteApi('/sign-in')

export function SignInScreen() {
  const { next } = route.useSearch()
  const navigate = useNavigate()
  const signIn = useMutation({
    mutationFn: (request: SignInRequest) => plinth.session.signIn(request),
    onSuccess: async (me) => {
      queryClient.clear()
      queryClient.setQueryData(queries.me().queryKey, me)
      await navigate({ href: safeNext(next), replace: true })
    },
  })
  const byLink = useLinkToken((token) => signIn.mutate({ token }))
  useEffect(() => {
    document.title = 'Sign in · Plinth'
  }, [])
  return (
    <main className="grid min-h-dvh content-center justify-items-center bg-page p-4">
      <div className="grid w-full max-w-90 gap-6">
        <div className="grid gap-3">
          <img src="/favicon.svg" alt="" className="size-8" />
          <h1 className="text-title font-semibold">Sign in to Plinth</h1>
        </div>
        {byLink && signIn.isPending ? (
          <p role="status" className="text-ink-2">
            Opening your one-time link…
          </p>
        ) : (
          <PasswordForm busy={signIn.isPending} onSubmit={signIn.mutate} />
        )}
        {signIn.error ? (
          <ErrorPanel
            title={byLink ? 'This link does not open the door' : undefined}
            problem={problemOf(signIn.error)}
          />
        ) : null}
        <p className="text-small text-ink-3">
          No password yet? Open the one-time link that the server printed when it started, or ask an
          owner of your organization for one. A link works once.
        </p>
      </div>
    </main>
  )
}

interface PasswordFormProps {
  busy: boolean
  onSubmit: (request: SignInRequest) => void
}

function PasswordForm({ busy, onSubmit }: PasswordFormProps) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit({ email, password })
      }}
    >
      <Field label="E-mail">
        {(control) => (
          <Input
            {...control}
            type="email"
            required
            autoFocus
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(control) => (
          <Input
            {...control}
            type="password"
            required
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" busy={busy}>
        Sign in
      </Button>
    </form>
  )
}

/**
 * The token of a one-time link stands in the fragment, which no server and no log sees. It is taken out of the address
 * before it is used, and used once.
 */
function useLinkToken(use: (token: string) => void): boolean {
  const taken = useRef(false)
  const [byLink] = useState(() => location.hash.startsWith('#token='))
  useEffect(() => {
    if (taken.current || !byLink) return
    taken.current = true
    const token = decodeURIComponent(location.hash.slice('#token='.length))
    history.replaceState(history.state, '', location.pathname + location.search)
    use(token)
  }, [byLink, use])
  return byLink
}
