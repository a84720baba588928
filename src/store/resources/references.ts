import type { Resource, ResourceKind, ResourceSpec } from '#kernel'
import type { Path } from './yaml-values.ts'

/** A reference as it stands in a resource. */
export interface Reference {
  /** Path in the resource, for errors. */
  path: Path
  kind: ResourceKind
  /** `name`, `name@label`, `name@3` or `name@sha256:…`. */
  text: string
}

type Finder<K extends ResourceKind> = (spec: ResourceSpec<K>) => Reference[]

const finders: { [K in ResourceKind]?: Finder<K> } = {
  Source: (spec) => [at('KnowledgeBase', spec.knowledgeBase, 'knowledgeBase')],
  Model: (spec) => [at('Provider', spec.provider, 'provider')],
  Route: (spec) => [
    ...spec.models.map((text, i) => at('Model', text, 'models', i)),
    ...(spec.candidates ?? []).map(({ model }, i) => at('Model', model, 'candidates', i, 'model')),
    ...(spec.shadow ? [at('Model', spec.shadow.model, 'shadow', 'model')] : []),
    ...(spec.guardrail ? [at('Guardrail', spec.guardrail, 'guardrail')] : []),
  ],
  Assistant: (spec) => [
    ...spec.knowledgeBases.map((text, i) => at('KnowledgeBase', text, 'knowledgeBases', i)),
    at('Route', spec.route, 'route'),
    at('Prompt', spec.prompt, 'prompt'),
    at('Guardrail', spec.guardrail, 'guardrail'),
  ],
}

/** Kinds whose resources refer to others; the rest need not be read to check references. */
export const referringKinds = Object.keys(finders) as ResourceKind[]

/** Every reference a resource makes. */
export function referencesOf(resource: Pick<Resource, 'kind' | 'spec'>): Reference[] {
  const find = finders[resource.kind] as Finder<ResourceKind> | undefined
  return find?.(resource.spec) ?? []
}

/** `name@pin` in its parts. */
export function splitReference(text: string): { name: string; pin: string | undefined } {
  const cut = text.indexOf('@')
  if (cut < 0) return { name: text, pin: undefined }
  return { name: text.slice(0, cut), pin: text.slice(cut + 1) }
}

function at(kind: ResourceKind, text: string, ...path: (string | number)[]): Reference {
  return { kind, text, path: ['spec', ...path] }
}
