import { createClient, type DocumentText, type Plinth } from '@plinth/sdk'
import { PlinthError } from '#kernel'
import type { EvalDoor, EvalQuestion } from '#ops'
import type { Connection } from './connect.ts'
import type { CliIo } from './io.ts'
import { userBy } from './verbs/people.ts'

/** Keys of a run end by themselves, should it be killed before it can revoke them. */
const keyLifeMs = 3_600_000
const textsKept = 200

interface Asked {
  client: Plinth
  keyId: string
}

/**
 * The running server as an evaluation asks it: each person by a key of their own, made for the run and revoked by
 * `close`. Questions for anybody are asked as the caller. Throws NOT_FOUND where a person of the questions is missing.
 */
export async function openEvalDoor(
  connection: Connection,
  { io, questions }: { io: CliIo; questions: readonly EvalQuestion[] },
): Promise<EvalDoor & { close(): Promise<void> }> {
  const owner = connection.client
  const people = new Map<string | null, Asked>()
  const close = async () => {
    for (const { keyId } of people.values()) await owner.keys.revoke(keyId).catch(() => undefined)
  }
  try {
    const emails = questions.flatMap(({ asUser, deniedTo }) => [asUser, ...deniedTo])
    for (const email of new Set([null, ...emails])) {
      people.set(email, await askedAs(connection, { io, email }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { ...doorOf(owner, people), close }
}

async function askedAs(
  { client: owner, url }: Connection,
  { io, email }: { io: CliIo; email: string | null },
): Promise<Asked> {
  const userId = email === null ? undefined : (await personBy(owner, email)).id
  const key = await owner.keys.create({
    name: `eval ${email ?? 'anybody'}`,
    scopes: ['answers.ask', 'documents.read'],
    expiresAt: new Date(io.now() + keyLifeMs).toISOString(),
    ...(userId ? { userId } : {}),
  })
  const client = createClient({ baseUrl: url, apiKey: key.secret, fetch: io.fetch })
  return { client, keyId: key.id }
}

async function personBy(owner: Plinth, email: string) {
  try {
    return await userBy(owner, email)
  } catch (error) {
    if (!(error instanceof PlinthError) || error.code !== 'NOT_FOUND') throw error
    throw new PlinthError('NOT_FOUND', {
      detail: `There is no user ${email}, who asks some of the questions.`,
      remedy: 'Run this on a server that was started with the sample company (PLINTH_SAMPLE=on).',
    })
  }
}

function doorOf(owner: Plinth, people: ReadonlyMap<string | null, Asked>): EvalDoor {
  const as = (email: string | null) => people.get(email)!.client
  const assistants = new Map<
    string,
    Promise<{ bases: string[]; filter: Record<string, unknown> }>
  >()
  const texts = new Map<string, Promise<DocumentText | undefined>>()
  const scopeOf = (name: string) => {
    const known = assistants.get(name) ?? assistantScope(owner, name)
    assistants.set(name, known)
    return known
  }
  return {
    ask: ({ question, assistant }, asUser) =>
      as(asUser).answers.ask({ question, assistant, save: false }),
    search: async ({ question, assistant }, asUser, k) => {
      const { bases, filter } = await scopeOf(assistant)
      const found = await as(asUser).knowledge.search({
        query: question,
        knowledgeBases: bases,
        topK: k,
        ...(Object.keys(filter).length > 0 ? { filter } : {}),
      })
      return found.hits.map((hit) => ({ document: hit.externalId, text: hit.text }))
    },
    textOf: async ({ documentId, versionId }, asUser) => {
      const key = `${asUser} ${versionId}`
      if (texts.size > textsKept) texts.clear()
      const reading =
        texts.get(key) ??
        as(asUser)
          .documents.text(documentId, versionId)
          .catch(() => undefined)
      texts.set(key, reading)
      return (await reading)?.text
    },
  }
}

async function assistantScope(owner: Plinth, name: string) {
  const { spec } = await owner.resources.get('Assistant', name)
  return {
    bases: spec.knowledgeBases as string[],
    filter: (spec.filter ?? {}) as Record<string, unknown>,
  }
}
