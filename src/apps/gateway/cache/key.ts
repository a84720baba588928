import { createHash } from 'node:crypto'
import { canonicalJson, digestOf, limits, type Principal } from '#kernel'
import type { Partition } from '#models'
import { callerFacts } from '../../answer/routing.ts'
import { answersOf } from '../facts.ts'
import type { GatewayCall } from '../forward-call.ts'
import type { MaskedCall } from '../masking.ts'

/** What a request is looked for under; or why it is not. */
export type Asked =
  | { bypass: string }
  | {
      partition: Partition
      key: string
      /** The caller wants a new answer, which is kept for others. */
      fresh: boolean
      /** Milliseconds: the caller takes none that is older. */
      maxAgeMs: number
    }

/** Dialects whose requests say all that their answers depend on. */
const dialects: ReadonlySet<string> = new Set(['openai-chat', 'anthropic'])
/** Members with which an answer acts, or depends on more than was asked. */
const acting = ['tools', 'functions', 'mcp_servers', 'container', 'web_search_options'] as const
/** Read by JSON.parse as another number than the one that is sent on. */
const longNumber = /\d{16}/

/**
 * The key of a call: everything that its answer depends on, and everything that says who may see it. The order of members
 * does not matter; any other difference does. `version`: the digest of the Route or Model with all that it refers to.
 */
export function askedOf(
  call: GatewayCall,
  at: {
    version: string
    /** The Route decides by who asks: what it gave one is not for another. */
    personal: boolean
    project: string
    name: string
    masked: MaskedCall | undefined
  },
): Asked {
  const control = directives(call.cacheControl)
  const why = control.has('no-store') ? 'no-store' : unfit(call)
  if (why) return { bypass: why }
  const { conversation: _, ...labels } = call.labels
  const text = canonicalJson({
    organization: call.organizationId,
    project: at.project,
    name: at.name,
    version: at.version,
    rights: rightsOf(call.principal),
    who: at.personal ? [call.principal.id, call.principal.userId] : null,
    dialect: call.dialect.id,
    labels,
    headers: call.headers,
    request: at.masked ? at.masked.call : call.parsed,
  })
  const maxAge = Number(control.get('max-age') ?? Number.POSITIVE_INFINITY)
  return {
    partition: { organizationId: call.organizationId, generation: call.generation },
    key: createHash('sha256').update(text).digest('base64url'),
    fresh: control.has('no-cache') || maxAge === 0,
    maxAgeMs: maxAge >= 0 ? maxAge * 1_000 : Number.POSITIVE_INFINITY,
  }
}

function unfit({ dialect, body, parsed, headers }: GatewayCall): string | undefined {
  if (!dialects.has(dialect.id)) return 'protocol'
  if (body.length > limits.cachedRequestBytes) return 'too-large'
  if (headers['idempotency-key'] !== undefined) return 'idempotency-key'
  if (acting.some((name) => holdsSomething(parsed[name]))) return 'tools'
  if (parsed.store === true) return 'stored-upstream'
  if (answersOf(parsed) > 1) return 'several-answers'
  if (longNumber.test(body.toString('latin1'))) return 'long-number'
  return undefined
}

function holdsSomething(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value != null
}

/** `no-cache, max-age=60` by name. */
export function directives(header: string | undefined): Map<string, string> {
  const found = new Map<string, string>()
  for (const one of header?.toLowerCase().split(',') ?? []) {
    const [name = '', value = ''] = one.trim().split('=')
    found.set(name, value)
  }
  return found
}

/** A principal is one object for many requests, and never changed. */
const digests = new WeakMap<Principal, string>()

/** Digest of what a caller may do, wherever, and of what routing knows of them but their name. */
export function rightsOf(principal: Principal): string {
  let digest = digests.get(principal)
  if (digest === undefined) {
    const { permissions, projectPermissions, scopes } = principal
    const projects = [...(projectPermissions ?? [])].map(([name, held]) => [name, sorted(held)])
    digest = digestOf({
      kind: principal.kind,
      permissions: sorted(permissions),
      projects: projects.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      scopes: scopes ? sorted(scopes) : null,
      groups: [...(callerFacts({ principal }).groups ?? [])].sort(),
    })
    digests.set(principal, digest)
  }
  return digest
}

function sorted(values: ReadonlySet<string>): string[] {
  return [...values].sort()
}
