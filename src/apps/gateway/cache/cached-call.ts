import { limits, PlinthError, toPlinthError } from '#kernel'
import {
  type Ended,
  type Exchange,
  Flight,
  type ForwardSink,
  type KeptAnswer,
  muteSink,
} from '#models'
import { type Account, noteGiven, noteRefused } from '../accounting.ts'
import type { Admitted, Callable } from '../forward-call.ts'
import type { MaskedCall } from '../masking.ts'
import { keepable } from './keeping.ts'
import { type Asked, askedOf } from './key.ts'
import { Recorder } from './recorder.ts'
import { replay } from './replay.ts'

/** Routes and reserves a call, so that it can be made. */
export type Ask = (masked: MaskedCall | undefined) => Promise<Callable>

type Keyed = Exclude<Asked, { bypass: string }>

interface Cached {
  account: Account
  asked: Keyed
  masked: MaskedCall | undefined
  ask: Ask
  ttlMs: number
}

/** Gives a kept answer, waits for the same call under way, or makes the call and keeps its answer. */
export async function throughCache(
  account: Account,
  masked: MaskedCall | undefined,
  ask: Ask,
): Promise<Admitted> {
  const { call, model, house } = account
  const { version, personal, ttlMs } = model.cache!
  const { project, name } = model
  const asked = askedOf(call, { version, personal, project, name, masked })
  if ('bypass' in asked) {
    account.cache = { verdict: 'bypass', reason: asked.bypass }
    return withHeader(account, await ask(masked))
  }
  const cached: Cached = { account, asked, masked, ask, ttlMs }
  if (asked.fresh) return lead(cached, 'no-cache')
  const kept = keptFor(cached)
  if (kept) {
    house.usage.requireRoom()
    return given(cached, kept)
  }
  const flight = house.answers.flight(asked.partition, asked.key)
  if (!flight) return lead(cached, 'first')
  house.usage.requireRoom()
  return follow(cached, flight)
}

function keptFor({ account, asked }: Cached): KeptAnswer | undefined {
  const now = account.house.clock.now().getTime()
  const kept = account.house.answers.get(asked.partition, asked.key, now)
  return kept && now - kept.keptAt <= asked.maxAgeMs ? kept : undefined
}

function given(cached: Cached, kept: KeptAnswer): Admitted {
  const { account, masked } = cached
  const seconds = Math.floor((account.house.clock.now().getTime() - kept.keptAt) / 1_000)
  account.cache = { verdict: 'hit', reason: `kept for ${seconds} s` }
  return withHeader(account, {
    id: account.id,
    release() {},
    forward(sink) {
      const exchange = replay(account, kept, { sink, masked })
      void exchange.done.then((ended) => noteGiven(account, ended, kept))
      return exchange
    },
  })
}

/** Makes the call; who asks the same meanwhile sees its answer too, and whoever asks later. */
async function lead(cached: Cached, reason: string): Promise<Admitted> {
  const { account, asked, masked, ask, ttlMs } = cached
  const { answers } = account.house
  account.cache = { verdict: 'miss', reason }
  const flight = new Flight(limits.cachedAnswerBytes)
  const recorder = masked && new Recorder(masked)
  void flight.over.then((record) => {
    const kept = keepable(account, record, { flight, recorder, ttlMs })
    if (typeof kept !== 'string') answers.set(asked.partition, asked.key, kept)
    // The row of the call, noted a moment ago, refers to this.
    else if (account.cache && record) account.cache.notKept = kept
  })
  answers.announce(asked.partition, asked.key, flight)
  let admitted: Callable
  try {
    admitted = await ask(recorder?.masked ?? masked)
  } catch (error) {
    flight.cancel()
    throw error
  }
  return withHeader(account, {
    ...admitted,
    release() {
      flight.cancel()
      admitted.release()
    },
    forward(sink) {
      const exchange = flight.join(sink)
      flight.start((all) => admitted.forward(all))
      return exchange
    },
  })
}

/** Sees the answer of a call that another one made. What fails there before it speaks is asked for again, for oneself. */
function follow(cached: Cached, flight: Flight): Admitted {
  const { account } = cached
  account.cache = { verdict: 'hit', reason: 'with another caller' }
  // Joined now, so that the call goes on although the one who made it leaves.
  const held = flight.join(muteSink)
  return withHeader(account, {
    id: account.id,
    release: () => held.abort(),
    forward: (sink) => new Following(cached, flight, { sink, held }),
  })
}

class Following implements Exchange {
  readonly done: Promise<Ended>
  readonly #cached: Cached
  readonly #sink: ForwardSink
  #now: Exchange
  /** Sees it as it comes. */
  readonly #live: boolean
  #left = false

  constructor(
    cached: Cached,
    flight: Flight,
    { sink, held }: { sink: ForwardSink; held: Exchange },
  ) {
    this.#cached = cached
    this.#sink = sink
    this.#now = held
    // With personal data each one's own values have to be put in: that is done once all of it is there.
    this.#live = !cached.masked && flight.open
    if (this.#live) {
      this.#now = flight.join(sink)
      held.abort()
    }
    this.done = this.#follow().catch((error) => ({ begun: false, error: toPlinthError(error) }))
  }

  abort(): void {
    this.#left = true
    this.#now.abort()
  }

  resume(): void {
    this.#now.resume()
  }

  async #follow(): Promise<Ended> {
    const { account, masked } = this.#cached
    const ended = await this.#now.done
    const kept = keptFor(this.#cached)
    const left = this.#left && ended.error !== undefined
    if (left || (this.#live && ended.begun)) {
      noteGiven(account, ended, kept)
      return ended
    }
    if (!kept) return this.#alone()
    const exchange = replay(account, kept, { sink: this.#sink, masked })
    this.#now = exchange
    const again = await exchange.done
    noteGiven(account, again, kept)
    return again
  }

  async #alone(): Promise<Ended> {
    const { account, ask, masked } = this.#cached
    account.cache = { verdict: 'miss', reason: 'the other caller’s call failed' }
    let admitted: Callable
    try {
      admitted = await ask(masked)
    } catch (error) {
      noteRefused(account, error)
      return { begun: false, error: toPlinthError(error) }
    }
    if (this.#left) {
      admitted.release()
      return { begun: false, error: new PlinthError('CANCELLED', 'The caller left.') }
    }
    const exchange = admitted.forward(this.#sink)
    this.#now = exchange
    return exchange.done
  }
}

/** `hit; kept for 12 s`: read when the answer begins, since a call that waits for another may have to be made after all. */
function withHeader(account: Account, admitted: Admitted): Admitted {
  return {
    ...admitted,
    cache: () => {
      const { verdict, reason } = account.cache!
      return `${verdict}; ${reason.replaceAll(/[^\x20-\x7e]/g, "'")}`
    },
  }
}
