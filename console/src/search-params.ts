import type { DocumentState, ResourceKind } from '@plinth/sdk'
import { resourceKinds } from './data/kinds.ts'

/**
 * What each page keeps in its address. Whatever does not fit is left out rather than refused: an old or mistyped link
 * still opens the page.
 */
type Raw = Record<string, unknown>

function present<T extends object>(values: T): Partial<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Partial<T>
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function whole(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined
}

function share(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number <= 1 ? number : undefined
}

function oneOf<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === value)
}

export const signIn = (raw: Raw) => present({ next: text(raw.next) })

export const ask = (raw: Raw) =>
  present({
    assistant: text(raw.assistant),
    /** Number of the citation whose source is open, and the message it stands in (else the last answer). */
    cite: whole(raw.cite),
    message: text(raw.message),
  })

export const documents = (raw: Raw) =>
  present({
    state: oneOf<DocumentState>(raw.state, ['pending', 'ready', 'failed']),
    source: text(raw.source),
    search: text(raw.search),
  })

export const bench = (raw: Raw) =>
  present({
    q: text(raw.q),
    filter: text(raw.filter),
    weight: share(raw.weight),
  })

export const documentViews = ['text', 'chunks', 'original', 'versions', 'access'] as const
export const document = (raw: Raw) =>
  present({
    view: oneOf(raw.view, documentViews),
    version: text(raw.version),
    start: whole(raw.start),
    end: whole(raw.end),
    page: whole(raw.page),
  })

export const activity = (raw: Raw) =>
  present({
    kind: text(raw.kind),
    outcome: text(raw.outcome),
    assistant: text(raw.assistant),
    search: text(raw.search),
  })

/** A name to filter by; empty stands for what has none. */
function named(value: unknown): string | undefined {
  return value === '' ? '' : text(value)
}

const callNames = (raw: Raw) => ({
  model: named(raw.model),
  provider: named(raw.provider),
  user: named(raw.user),
  key: named(raw.key),
  project: named(raw.project),
  useCase: named(raw.useCase),
  outcome: named(raw.outcome),
  fault: named(raw.fault),
})

export const usageBy = [
  'model',
  'user',
  'key',
  'project',
  'useCase',
  'provider',
  'outcome',
] as const
export const usage = (raw: Raw) =>
  present({
    period: oneOf(raw.period, ['24h', '7d', '30d', '90d'] as const),
    by: oneOf(raw.by, usageBy),
    ...callNames(raw),
  })

export const calls = (raw: Raw) =>
  present({
    from: text(raw.from),
    to: text(raw.to),
    unpriced: raw.unpriced === true || raw.unpriced === 'true' ? true : undefined,
    ...callNames(raw),
  })

export const routes = (raw: Raw) =>
  present({
    route: text(raw.route),
    dataClass: text(raw.dataClass),
    region: text(raw.region),
    language: text(raw.language),
    tokens: whole(raw.tokens),
    needs: oneOf(raw.needs, ['tools', 'vision', 'json-schema'] as const),
  })

/** `a,b`: up to four models side by side. The texts of a link are taken over, and leave the address. */
export const playground = (raw: Raw) => {
  const names = text(raw.models)?.split(',').filter(Boolean).slice(0, 4)
  return present({
    models: names && names.length > 0 ? names.join(',') : undefined,
    system: text(raw.system),
    user: text(raw.user),
    temperature: text(raw.temperature),
    maxTokens: text(raw.maxTokens),
    schema: written(raw.schema),
    tools: written(raw.tools),
  })
}

/** JSON of an address arrives read. */
function written(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : text(value)
}

export const audit = (raw: Raw) =>
  present({
    kind: text(raw.kind),
    actor: text(raw.actor),
    target: text(raw.target),
    search: text(raw.search),
    from: text(raw.from),
    to: text(raw.to),
    event: whole(raw.event),
  })

const kind = (value: unknown) => oneOf<ResourceKind>(value, resourceKinds)
export const resources = (raw: Raw) => present({ kind: kind(raw.kind), search: text(raw.search) })
/** `offer` names something that the server noticed in its surroundings. */
export const newResource = (raw: Raw) => present({ kind: kind(raw.kind), offer: text(raw.offer) })
export const resource = (raw: Raw) =>
  present({
    view: oneOf(raw.view, ['edit', 'history', 'diff'] as const),
    version: text(raw.version),
    from: whole(raw.from),
    to: whole(raw.to),
  })

export const people = (raw: Raw) => present({ search: text(raw.search) })
