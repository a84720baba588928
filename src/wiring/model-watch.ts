import type { Config } from '#config'
import type { OutboundClient } from '#ports'
import { noteModels, notePull } from './audit-models.ts'
import { defaultModel, type Embedders, tryDefaultModel } from './embedders.ts'
import type { Foundation } from './foundation.ts'

const lookEveryMs = 5_000

/** Notices models that come while the server runs, and tries once to fetch the default one where there is none. */
export class ModelWatch {
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<unknown> = Promise.resolve()

  start(
    parts: {
      config: Config
      embedders: Embedders
      outbound: OutboundClient
      foundation: Foundation
    },
    came: () => Promise<unknown>,
  ): void {
    const { config, embedders, outbound, foundation } = parts
    const look = async () => {
      if (!(await embedders.refresh())) return
      await noteModels(foundation, embedders)
      await came()
    }
    const run = (work: () => Promise<unknown>) => {
      // A look that fails is made again at the next tick.
      this.#looking = this.#looking.then(work).catch(() => undefined)
    }
    run(() => noteModels(foundation, embedders))
    if (!embedders.default) {
      const announce = () => notePull(foundation, defaultModel)
      const options = { outbound, announce, signal: this.#abort.signal }
      void tryDefaultModel(config, options).then((got) => got && run(look))
    }
    this.#timer = setInterval(() => run(look), lookEveryMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    clearInterval(this.#timer)
    await this.#looking
  }
}
