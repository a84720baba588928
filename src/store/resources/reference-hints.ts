import type { Principal } from '#kernel'
import type { Reference } from './references.ts'
import { splitReference } from './references.ts'
import { mayRead } from './rights.ts'
import { nearest } from './suggest.ts'
import type { World } from './world.ts'

/**
 * How to mend a reference that leads nowhere: a name that is near, or a label or revision that does exist. Names only what
 * its writer may read.
 */
export function nearestName(world: World, { kind, text }: Reference, writer: Principal): string {
  const { name, pin } = splitReference(text)
  if (pin !== undefined && world.resolve(kind, name)) {
    return `${kind}/${name} has no version "${pin}": set the label first, or leave "@${pin}" out.`
  }
  const names = [...world.current()]
    .filter((v) => v.kind === kind && mayRead(writer, v.project))
    .map((v) => v.name)
  const near = nearest(name, names)
  if (near) return `Did you mean "${near}"?`
  const list = names.sort().slice(0, 20).join(', ')
  return list
    ? `Existing: ${list}. Or apply a ${kind} "${name}" along with it.`
    : `There is no ${kind} yet: apply one named "${name}" along with it.`
}
