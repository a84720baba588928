import { digestOf, PlinthError, type ResourceSpec } from '#kernel'
import type { ChatModel } from '#ports'
import type { Named } from '../named.ts'

export type Protocol = ResourceSpec<'Provider'>['protocol']

/** Builds the adapter of a protocol; wiring hands one in per protocol. */
export type ChatModelFactory = (
  provider: Named<ResourceSpec<'Provider'>>,
  secrets: { apiKey?: string },
) => ChatModel

export interface ModelCatalog {
  /** The chat model of a provider. Throws UNSUPPORTED for a protocol without an adapter. */
  open(provider: Named<ResourceSpec<'Provider'>>): ChatModel
}

/** Providers kept open: more than any installation names at once. */
const maxOpen = 256

/** Opens providers once and keeps them (with their connections) as long as specification and secret stay the same. */
export function createModelCatalog(options: {
  factories: Partial<Record<Protocol, ChatModelFactory>>
  secret(env: string): string | undefined
}): ModelCatalog {
  const open = new Map<string, ChatModel>()
  return {
    open(provider) {
      const { apiKey: reference, protocol } = provider.spec
      const apiKey = reference ? options.secret(reference.env) : undefined
      const key = digestOf({ name: provider.name, spec: provider.spec, apiKey: apiKey ?? null })
      const known = open.get(key)
      if (known) return known
      const factory = options.factories[protocol]
      if (!factory) {
        throw new PlinthError('UNSUPPORTED', `There is no adapter for the protocol ${protocol}.`)
      }
      const model = factory(provider, apiKey ? { apiKey } : {})
      if (open.size >= maxOpen) open.clear()
      open.set(key, model)
      return model
    },
  }
}
