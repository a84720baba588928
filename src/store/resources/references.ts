import type { ResourceKind } from '#kernel'
import type { Path } from './yaml-values.ts'

/** A reference as it stands in a resource. */
export interface Reference {
  /** Path in the resource, for errors. */
  path: Path
  kind: ResourceKind
  /** `name`, `name@label`, `name@3` or `name@sha256:…`. */
  text: string
}

/** Where a spec names resources, and of which kind. `*` is any item of a list. */
const referring: { readonly [K in ResourceKind]?: Readonly<Record<string, ResourceKind>> } = {
  Source: { knowledgeBase: 'KnowledgeBase' },
  Model: { provider: 'Provider' },
  Route: {
    'models.*': 'Model',
    'candidates.*.model': 'Model',
    'shadow.model': 'Model',
    guardrail: 'Guardrail',
  },
  Assistant: {
    'knowledgeBases.*': 'KnowledgeBase',
    route: 'Route',
    prompt: 'Prompt',
    guardrail: 'Guardrail',
  },
}

/** Kinds whose resources refer to others; the rest need not be read to check references. */
export const referringKinds = Object.keys(referring) as ResourceKind[]

/** The kind that is named at a path of a spec, or by each item of the list there. */
export function referredKind(
  kind: ResourceKind,
  path: readonly PropertyKey[],
): ResourceKind | undefined {
  const at = path.map((step) => (typeof step === 'number' ? '*' : String(step))).join('.')
  const kinds = new Map(Object.entries(referring[kind] ?? {}))
  return kinds.get(at) ?? kinds.get(`${at}.*`)
}

/** Every reference a resource makes, also one whose spec is not valid: what cannot be one is passed over. */
export function referencesOf({ kind, spec }: { kind: ResourceKind; spec: unknown }): Reference[] {
  return Object.entries(referring[kind] ?? {}).flatMap(([where, named]) =>
    textsAt(spec, where.split('.')).map(({ text, path }) => {
      return { kind: named, text, path: ['spec', ...path] }
    }),
  )
}

function textsAt(value: unknown, [step, ...rest]: string[]): { text: string; path: Path }[] {
  if (step === undefined) return typeof value === 'string' ? [{ text: value, path: [] }] : []
  if (value === null || typeof value !== 'object') return []
  const below: [string | number, unknown][] =
    step !== '*'
      ? [[step, (value as Record<string, unknown>)[step]]]
      : Array.isArray(value)
        ? [...value.entries()]
        : []
  return below.flatMap(([key, item]) =>
    textsAt(item, rest).map(({ text, path }) => ({ text, path: [key, ...path] })),
  )
}

/** `name@pin` in its parts. */
export function splitReference(text: string): { name: string; pin: string | undefined } {
  const cut = text.indexOf('@')
  if (cut < 0) return { name: text, pin: undefined }
  return { name: text.slice(0, cut), pin: text.slice(cut + 1) }
}
