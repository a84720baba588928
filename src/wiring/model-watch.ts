import type { Config } from '#config'
import type { OutboundClient } from '#ports'
import { type Embedders, tryDefaultModel } from './embedders.ts'

const lookEveryMs = 5_000

/** Notices models that come while the server runs, and tries once to fetch the default one where there is none. */
export class ModelWatch {
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<unknown> = Promise.resolve()

  start(
    parts: { config: Config; embedders: Embedders; outbound: OutboundClient },
    came: () => Promise<unknown>,
  ): void {
    const { config, embedders, outbound } = parts
    const look = async () => {
      if (await embedders.refresh()) await came()
    }
    const run = (work: () => Promise<unknown>) => {
      // A look that fails is made again at the next tick.
      this.#looking = this.#looking.then(work).catch(() => undefined)
    }
    if (!embedders.default) {
      void tryDefaultModel(config, outbound, this.#abort.signal).then((got) => got && run(look))
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
