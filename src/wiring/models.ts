import { addModel, createOutboundClient, listModels, pullModel, pullWithChecksums } from '#adapters'
import type { LocalModels } from '#cli'
import type { Config } from '#config'

/** The models folder of this machine, for the command line. */
export function localModels(config: Config): LocalModels {
  const { modelsDir } = config
  return {
    dir: modelsDir,
    list: () => listModels(modelsDir),
    pull: async (name, { replace, hub, pinned, signal, onProgress }) => {
      // A mirror inside the company has a private address: whoever names it allows it.
      const mirror = hub === undefined ? null : URL.parse(hub)
      const port = mirror?.port || (mirror?.protocol === 'http:' ? '80' : '443')
      const outbound = createOutboundClient({
        allowPrivate: mirror ? [`${mirror.hostname}:${port}`] : [],
      })
      try {
        const named = hub === undefined ? {} : { hub }
        const options = { modelsDir, outbound, replace, signal, onProgress, ...named }
        if (pinned) return await pullWithChecksums({ name, ...pinned }, options)
        return await pullModel(name, options)
      } finally {
        await outbound.close()
      }
    },
    add: (name, source, { replace }) => addModel(name, source, { modelsDir, replace }),
  }
}
