import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '#api'
import { readConfig } from '#config'
import { bindRole, createApiKey, createGroup, createUser, ensureOrganization } from '#governance'
import { systemPrincipal } from '#kernel'
import { applyResources, openPglite, parseResourcesStrictly } from '#store'
import { buildHouse, type House } from '#wiring'
import { freshDatabase, migratedSeed } from './open-store.ts'

/** What a server answered. */
export interface Reply {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route, looked at field by field
  body: any
}

export interface CallOptions {
  /** Sent as JSON; bytes and strings as they are. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** A person at the API, with a key of their own. */
export interface Person {
  id: string
  keyId: string
  key: string
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
}

export interface OpenHouse {
  house: House
  url: string
  /** Holds the data directory and the folders of sources. */
  root: string
  organizationId: string
  owner: Person
  /** A person with roles and groups, which are made where they are missing. */
  person(name: string, rights?: { roles?: string[]; groups?: string[] }): Promise<Person>
  /** The same in another organization of this server. */
  stranger(organization: string): Promise<Person>
  apply(yaml: string): Promise<void>
  /** A new folder for a source. */
  folder(name: string): Promise<string>
  /** Scans a source and waits until all of it is read. Returns the ended job. */
  sync(source: string): Promise<Job>
  /** Sends a file and waits until it is read. Returns its document. */
  upload(source: string, name: string, content: string | Uint8Array): Promise<Document>
  /** Waits until a job has ended. */
  ended(jobId: string): Promise<Job>
  /** All documents of a source, as the owner sees them, by path. */
  documents(source: string): Promise<Map<string, Document>>
  close(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every route, looked at field by field
export type Job = any
// biome-ignore lint/suspicious/noExplicitAny: answers of every route, looked at field by field
export type Document = any

export interface HouseSettings {
  env?: Record<string, string>
  /** Values that Provider resources name. */
  secrets?: Record<string, string>
  /** Before the house starts its work: wraps what a test wants to break. */
  before?(house: House): void
  /** Folder of the built console, where its pages are asked for. */
  consoleDir?: string
  /** Another server on the database and files of this one (PostgreSQL only). */
  beside?: OpenHouse
}

/**
 * A whole Plinth in this process, listening on a free port: on a data directory of its own, or on a new database of the
 * server in PLINTH_TEST_DATABASE_URL. Each answer is held to the schema of its route.
 */
export async function openHouse(settings: HouseSettings = {}): Promise<OpenHouse> {
  const { beside } = settings
  const root = beside?.root ?? (await mkdtemp(join(tmpdir(), 'plinth-journey-')))
  const dataDir = join(root, 'data')
  const database = beside ? undefined : await databaseIn(dataDir)
  const config = readConfig({
    PLINTH_DATA_DIR: dataDir,
    PLINTH_PORT: '0',
    PLINTH_SAMPLE: 'off',
    PLINTH_EMBEDDER: 'none',
    PLINTH_PARSERS: '2',
    DATABASE_URL: beside?.house.config.databaseUrl ?? database?.url ?? '',
    ...settings.env,
  })
  const faults: unknown[] = []
  const house = await buildHouse(config, {
    env: settings.secrets ?? {},
    log: (entry) => faults.push(entry),
  })
  settings.before?.(house)
  house.start()
  const app = await createServer({
    house: house.api,
    checkAnswers: true,
    ...(settings.consoleDir ? { consoleDir: settings.consoleDir } : {}),
    log: (entry) => {
      faults.push(entry)
      if (process.env.PLINTH_TEST_LOG) process.stderr.write(`${JSON.stringify(entry)}\n`)
    },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const visit = new Visit(house, url)
  return {
    house,
    url,
    root,
    organizationId: house.foundation.organizationId,
    owner: beside?.owner
      ? { ...beside.owner, call: doorOf(url, beside.owner.key) }
      : await visit.person('owner', { roles: ['owner'] }),
    person: (name, rights) => visit.person(name, rights),
    stranger: (organization) => visit.stranger(organization),
    apply: (yaml) => visit.apply(yaml),
    folder: async (name) => {
      const path = join(root, 'folders', name)
      await mkdir(path, { recursive: true })
      return path
    },
    sync: (source) => visit.sync(source),
    upload: (source, name, content) => visit.upload(source, name, content),
    ended: (jobId) => visit.ended(jobId),
    documents: (source) => visit.documents(source),
    close: async () => {
      await app.close()
      await house.close()
      await database?.drop()
      if (!beside) await rm(root, { recursive: true, force: true })
    },
  }
}

/** A new database on the test server, or an embedded one that is migrated already (which saves seconds). */
async function databaseIn(dataDir: string) {
  const server = process.env.PLINTH_TEST_DATABASE_URL
  if (server) return freshDatabase(server)
  await mkdir(dataDir, { recursive: true })
  const seed = await migratedSeed()
  const engine = await openPglite({ dataDir: join(dataDir, 'database'), seed })
  await engine.close()
  return undefined
}

class Visit {
  readonly #house: House
  readonly #url: string
  #owner: Person | undefined

  constructor(house: House, url: string) {
    this.#house = house
    this.#url = url
  }

  async person(
    name: string,
    rights: { roles?: string[]; groups?: string[] } = {},
    organizationId = this.#house.foundation.organizationId,
  ): Promise<Person> {
    const { store, hasher, appendAudit } = this.#house.foundation
    const by = { principal: systemPrincipal, appendAudit }
    const made = await store.within(organizationId, async (tx) => {
      const known = await tx.selectFrom('user_group').select('name').execute()
      for (const group of rights.groups ?? []) {
        if (!known.some((row) => row.name === group)) await createGroup(tx, { name: group }, by)
      }
      const groups = rights.groups ?? []
      const user = await createUser(tx, { email: `${name}@journey.test`, name, groups }, by)
      for (const role of rights.roles ?? ['member']) {
        await bindRole(tx, { subject: `user:${user.id}`, role }, by)
      }
      const key = await createApiKey(tx, { name: 'test', userId: user.id }, { ...by, hasher })
      return { id: user.id, keyId: key.key.id, key: key.secret.reveal() }
    })
    const person = { ...made, call: doorOf(this.#url, made.key) }
    if (name === 'owner') this.#owner = person
    return person
  }

  async stranger(organization: string): Promise<Person> {
    const { store, appendAudit } = this.#house.foundation
    const by = { principal: systemPrincipal, appendAudit }
    const { organizationId } = await ensureOrganization(store, organization, by)
    return this.person(`stranger-${Date.now()}`, { roles: ['owner'] }, organizationId)
  }

  async apply(yaml: string): Promise<void> {
    const { store, organizationId, appendAudit } = this.#house.foundation
    const by = { principal: systemPrincipal, appendAudit }
    const resources = parseResourcesStrictly([{ file: 'journey.yaml', text: yaml }])
    await store.within(organizationId, (tx) => applyResources(tx, resources, by))
  }

  async sync(source: string): Promise<Job> {
    const started = await this.#ask('POST', `/api/v1/sources/${source}/sync`)
    return this.ended(started.id)
  }

  async upload(source: string, name: string, content: string | Uint8Array): Promise<Document> {
    const bytes = Buffer.from(content as string)
    const begun = await this.#ask('POST', '/api/v1/uploads', {
      body: { source, name, size: bytes.byteLength },
    })
    const sent =
      begun.state === 'received'
        ? begun
        : await this.#ask('PUT', `/api/v1/uploads/${begun.id}?offset=0`, { body: bytes })
    await this.ended(sent.jobId)
    const found = [...(await this.documents(source)).values()]
    return found.find((one) => one.externalId === sent.name)
  }

  async ended(jobId: string): Promise<Job> {
    for (let wait = 20; ; wait = Math.min(200, wait * 1.5)) {
      const job = await this.#ask('GET', `/api/v1/jobs/${jobId}`)
      if (job.finishedAt) return job
      await new Promise((done) => setTimeout(done, wait))
    }
  }

  async documents(source: string): Promise<Map<string, Document>> {
    const found = new Map<string, Document>()
    for (let cursor = ''; ; ) {
      const query = `limit=500&source=${source}${cursor && `&cursor=${cursor}`}`
      const page = await this.#ask('GET', `/api/v1/documents?${query}`)
      for (const one of page.items) found.set(one.externalId, one)
      if (!page.nextCursor) return found
      cursor = page.nextCursor
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of every route, looked at field by field
  async #ask(method: string, path: string, options?: CallOptions): Promise<any> {
    if (!this.#owner) throw new Error('The house beside has no owner of its own.')
    const reply = await this.#owner.call(method, path, options)
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.body
  }
}

/** Calls one server with one key. */
export function doorOf(url: string, key: string): Person['call'] {
  return async (method, path, { body, headers, signal } = {}) => {
    const raw = body instanceof Uint8Array || typeof body === 'string'
    const type = raw ? 'application/octet-stream' : 'application/json'
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
    const text = await answer.text()
    const json = /json/.test(answer.headers.get('content-type') ?? '')
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: json ? parsed(text) : text,
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
