import type { Me } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { queries } from './queries.ts'

/** Whether the signed-in person holds a permission. For showing and hiding only: the server decides. */
export function may(me: Me | undefined, permission: string): boolean {
  if (!me) return false
  return me.permissions.includes('*') || me.permissions.includes(permission)
}

export function useMay(permission: string): boolean {
  return may(useQuery(queries.me()).data, permission)
}

/** Where to go after signing in: a path of this console only, never another site's. */
export function safeNext(next: string | undefined): string {
  if (!next?.startsWith('/') || next.startsWith('//') || next.startsWith('/\\')) return '/ask'
  return next.startsWith('/sign-in') ? '/ask' : next
}
