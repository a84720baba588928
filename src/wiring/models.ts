import { addModel, createOutboundClient, listModels, pullModel } from '#adapters'
import type { LocalModels } from '#cli'
import type { Config } from '#config'

/** The models folder of this machine, for the command line. */
export function localModels(config: Config): LocalModels {
  const { modelsDir } = config
  return {
    dir: modelsDir,
    list: () => listModels(modelsDir),
    pull: async (name, { replace, hub, signal, onProgress }) => {
      // A mirror inside the company has a private address: whoever names it allows it.
      const mirror = hub === undefined ? null : URL.parse(hub)
      const port = mirror?.port || (mirror?.protocol === 'http:' ? '80' : '443')
      const outbound = createOutboundClient({
        allowPrivate: mirror ? [`${mirror.hostname}:${port}`] : [],
      })
      try {
        const options = { modelsDir, outbound, replace, signal, onProgress }
        return await pullModel(name, { ...options, ...(hub === undefined ? {} : { hub }) })
      } finally {
        await outbound.close()
      }
    },
    add: (name, source, { replace }) => addModel(name, source, { modelsDir, replace }),
  }
}
