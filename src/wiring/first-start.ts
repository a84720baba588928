import { chmod, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { requestSync } from '#data'
import {
  type Acting,
  bindRole,
  createApiKey,
  createSignInLink,
  createUser,
  findUserByEmail,
  type Person,
  seedPeople,
  systemActor,
} from '#governance'
import { systemPrincipal } from '#kernel'
import { applyResources, parseResourcesStrictly, setLabel, type Tx } from '#store'
import { samplesDir } from './folders.ts'
import type { House } from './house.ts'

/** The first owner: a person of this machine, who signs in by link and may be given a password. */
const ownerEmail = 'owner@localhost'

function acting(house: House): Acting {
  return { principal: systemPrincipal, appendAudit: house.api.appendAudit }
}

/**
 * Makes the first owner and writes the owner's API key to `PLINTH_ADMIN_KEY_FILE` once, with mode 600. A key whose file
 * was deleted is not made again: create another one with `plinth keys create`.
 */
export async function ensureOwner(house: House): Promise<{ userId: string }> {
  const { store } = house.foundation
  const { organizationId } = house.foundation
  const by = acting(house)
  const known = await store.read(organizationId, (tx) => findUserByEmail(tx, ownerEmail))
  if (known) return { userId: known.id }
  const draft = `${house.config.adminKeyFile}.${process.pid}.new`
  await mkdir(dirname(house.config.adminKeyFile), { recursive: true })
  const userId = await store.within(organizationId, async (tx) => {
    const user = await createUser(tx, { email: ownerEmail, name: 'Owner' }, by)
    await bindRole(tx, { subject: `user:${user.id}`, role: 'owner' }, by)
    const made = await createApiKey(
      tx,
      { name: 'First owner (admin key file)', userId: user.id },
      { ...by, hasher: house.foundation.hasher },
    )
    // Written before the commit: a key that nobody knows is worse than a file with a key that never was.
    await writeFile(draft, `${made.secret.reveal()}\n`, { mode: 0o600, flush: true })
    return user.id
  })
  await rm(house.config.adminKeyFile, { force: true })
  await link(draft, house.config.adminKeyFile)
  await chmod(house.config.adminKeyFile, 0o600)
  await rm(draft, { force: true })
  return { userId }
}

/** A link that signs the owner in once, valid for 15 minutes. */
export async function ownerLink(house: House, userId: string): Promise<string> {
  const { store, organizationId, hasher } = house.foundation
  const made = await store.within(organizationId, (tx) =>
    createSignInLink(tx, { userId }, { ...acting(house), hasher }),
  )
  return `${house.api.publicUrl()}/sign-in#token=${made.token.reveal()}`
}

/** Loads the sample company into an organization that has no knowledge base yet. Returns whether it did. */
export async function loadSample(house: House): Promise<boolean> {
  const { store, organizationId, snapshots } = house.foundation
  const snapshot = await snapshots.get(organizationId)
  if (!house.config.sample || snapshot.list('KnowledgeBase').length > 0) return false
  const folder = join(samplesDir, 'plinth')
  const names = (await readdir(folder)).filter((n) => n.endsWith('.yaml') && n !== 'people.yaml')
  const files = await Promise.all(
    names
      .sort()
      .map(async (name) => ({ file: name, text: await readFile(join(folder, name), 'utf8') })),
  )
  const resources = parseResourcesStrictly(files)
  const people = parse(await readFile(join(folder, 'people.yaml'), 'utf8')) as Person[]
  const by = acting(house)
  await store.within(organizationId, async (tx) => {
    await applyResources(tx, resources, { ...by, message: 'The sample company' })
    await setLabel(
      tx,
      { kind: 'Assistant', name: 'company', label: 'default', to: { revision: 1 } },
      by,
    )
    await seedPeople(tx, people, by)
    await syncAll(
      tx,
      resources.flatMap((r) => (r.kind === 'Source' ? [r.name] : [])),
    )
  })
  return true
}

async function syncAll(tx: Tx, sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    await requestSync(tx, { source, actor: systemActor }, systemActor.id)
  }
}
