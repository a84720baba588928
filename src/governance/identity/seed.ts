import type { Tx } from '#store'
import { type Acting, beginAccessChange } from './acting.ts'
import { bindRole } from './bindings.ts'
import { addMember, createGroup } from './groups.ts'
import { groupsOf } from './rights.ts'
import { createUser, findUserByEmail } from './users.ts'

export interface Person {
  email: string
  name: string
  groups?: readonly string[]
  roles?: readonly string[]
}

/**
 * Makes people of a list exist, with the groups it names, and returns their ids by address. Who exists keeps what
 * they have and gains what the list adds; nothing is taken away.
 */
export async function seedPeople(
  tx: Tx,
  people: readonly Person[],
  by: Acting,
): Promise<Map<string, string>> {
  await beginAccessChange(tx)
  const wanted = new Set(people.flatMap((person) => person.groups ?? []))
  const rows = await tx.selectFrom('user_group').select('name').execute()
  for (const { name } of rows) wanted.delete(name)
  for (const name of [...wanted].sort()) await createGroup(tx, { name }, by)
  const ids = new Map<string, string>()
  for (const person of people) {
    const known = await findUserByEmail(tx, person.email)
    const { id } = known ?? (await createUser(tx, person, by))
    ids.set(person.email, id)
    if (!known) continue
    const groups = await groupsOf(tx, id)
    for (const group of person.groups ?? []) {
      if (!groups.includes(group)) await addMember(tx, { group, userId: id }, by)
    }
    for (const role of person.roles ?? []) {
      await bindRole(tx, { subject: `user:${id}`, role }, by)
    }
  }
  return ids
}
