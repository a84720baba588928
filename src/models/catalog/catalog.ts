import { digestOf, PlinthError, type ResourceSpec } from '#kernel'
import type { ChatModel } from '#ports'
import type { Named } from '../named.ts'
import type { ProviderKey } from '../routing/keys.ts'

export type Protocol = ResourceSpec<'Provider'>['protocol']

/** Builds the adapter of a protocol; wiring hands one in per protocol. */
export type ChatModelFactory = (
  provider: Named<ResourceSpec<'Provider'>>,
  secrets: { apiKey?: string; apiKeyName?: string },
) => ChatModel

export interface ModelCatalog {
  /** The chat model of a provider, called with a key of it. Throws UNSUPPORTED for a protocol without an adapter. */
  open(provider: Named<ResourceSpec<'Provider'>>, key?: ProviderKey): ChatModel
}

/** Providers kept open: more than any installation names at once. */
const maxOpen = 256

/** Opens providers once and keeps them (with their connections) as long as specification and secret stay the same. */
export function createModelCatalog(options: {
  factories: Partial<Record<Protocol, ChatModelFactory>>
}): ModelCatalog {
  const open = new Map<string, ChatModel>()
  return {
    open(provider, key) {
      const { protocol } = provider.spec
      const env = key?.env
      const apiKey = key?.value?.reveal()
      const id = digestOf({
        name: provider.name,
        spec: provider.spec,
        env: env ?? null,
        apiKey: apiKey ?? null,
      })
      const known = open.get(id)
      if (known) return known
      const factory = options.factories[protocol]
      if (!factory) {
        throw new PlinthError('UNSUPPORTED', `There is no adapter for the protocol ${protocol}.`)
      }
      const model = factory(provider, {
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(env === undefined ? {} : { apiKeyName: env }),
      })
      if (open.size >= maxOpen) open.clear()
      open.set(id, model)
      return model
    },
  }
}
