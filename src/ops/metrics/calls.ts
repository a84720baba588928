import { errorTable } from '#kernel'
import type { CallRow } from '../usage/call-row.ts'
import type { Family, Sample } from './exposition.ts'
import { Histogram } from './histogram.ts'

/** Combinations of names kept apart for one organization; calls beyond them are counted under the name `other`. */
export const maxCallSeries = 2_000
/** Organizations counted at once; the one that was met first is forgotten first, and begins anew at zero. */
const maxOrganizations = 1_000

const wholeBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]
const firstTokenBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

type Counted = Pick<CallRow, 'door' | 'asked' | 'model' | 'provider' | 'outcome' | 'fault'> & {
  errorCode: CallRow['errorCode']
}

/** What a model of a provider did, whatever was asked for and however it ended. */
interface ModelSums {
  labels: { model: string; provider: string }
  firstToken: Histogram
  input: number
  cached: number
  output: number
  reasoning: number
  costUsd: number
  unpriced: number
}

interface Timed {
  labels: { door: string; model: string; provider: string }
  took: Histogram
}

interface Series {
  of: Counted
  labels: Readonly<Record<string, string>>
  count: number
  attempts: number
  sums: ModelSums
  timed: Timed
}

/** Counts calls of models as they are noted: one look-up and a few additions each. Never text, never people. */
export class CallMetrics {
  readonly #organizations = new Map<string, OrganizationCalls>()

  count(organizationId: string, call: CallRow): void {
    const known = this.#organizations.get(organizationId)
    if (known) known.count(call)
    else this.#begin(organizationId).count(call)
  }

  /** What was counted for one organization since this process started. */
  families(organizationId: string): Family[] {
    return this.#organizations.get(organizationId)?.families() ?? []
  }

  #begin(organizationId: string): OrganizationCalls {
    const first = this.#organizations.keys().next().value
    if (this.#organizations.size >= maxOrganizations && first !== undefined) {
      this.#organizations.delete(first)
    }
    const made = new OrganizationCalls()
    this.#organizations.set(organizationId, made)
    return made
  }
}

class OrganizationCalls {
  /** By the name that was asked for: few each, compared one by one, which costs less than a key made of all names. */
  readonly #series = new Map<string, Series[]>()
  #size = 0
  readonly #models = new Map<string, ModelSums>()
  readonly #timed = new Map<string, Timed>()

  count(call: CallRow): void {
    const one = this.#find(call) ?? this.#begin(call)
    one.count++
    one.attempts += call.attempts
    if (call.outcome === 'refused') return
    one.timed.took.observe(call.totalMs / 1_000)
    const { sums } = one
    if (call.firstTokenMs !== null) sums.firstToken.observe(call.firstTokenMs / 1_000)
    sums.input += call.inputTokens
    sums.cached += call.cachedTokens
    sums.output += call.outputTokens
    sums.reasoning += call.reasoningTokens
    if (call.costNanousd !== null) sums.costUsd += call.costNanousd / 1e9
    else if (call.model !== null) sums.unpriced++
  }

  #find(call: Counted): Series | undefined {
    const beside = this.#series.get(call.asked)
    if (!beside) return undefined
    for (const one of beside) if (isSame(one.of, call)) return one
    return undefined
  }

  #begin(given: Counted): Series {
    const call = this.#size < maxCallSeries ? given : withoutNames(given)
    const known = this.#find(call)
    if (known) return known
    const { door, asked, outcome, fault, errorCode } = call
    const model = call.model ?? ''
    const provider = call.provider ?? ''
    const made: Series = {
      of: { door, asked, model: call.model, provider: call.provider, outcome, fault, errorCode },
      labels: { door, asked, model, provider, outcome, fault: fault ?? '', code: codeOf(call) },
      count: 0,
      attempts: 0,
      sums: this.#sums(model, provider),
      timed: this.#times(door, model, provider),
    }
    const beside = this.#series.get(asked)
    if (beside) beside.push(made)
    else this.#series.set(asked, [made])
    this.#size++
    return made
  }

  #sums(model: string, provider: string): ModelSums {
    const key = `${model}\n${provider}`
    const known = this.#models.get(key)
    if (known) return known
    const made: ModelSums = {
      labels: { model, provider },
      firstToken: new Histogram(firstTokenBounds),
      input: 0,
      cached: 0,
      output: 0,
      reasoning: 0,
      costUsd: 0,
      unpriced: 0,
    }
    this.#models.set(key, made)
    return made
  }

  #times(door: string, model: string, provider: string): Timed {
    const key = `${door}\n${model}\n${provider}`
    const known = this.#timed.get(key)
    if (known) return known
    const made = { labels: { door, model, provider }, took: new Histogram(wholeBounds) }
    this.#timed.set(key, made)
    return made
  }

  families(): Family[] {
    const series = [...this.#series.values()].flat()
    const models = [...this.#models.values()].filter(({ labels }) => labels.model !== '')
    const ofModels = (read: (sums: ModelSums) => number): Sample[] =>
      models.map((sums) => ({ labels: sums.labels, value: read(sums) }))
    return [
      {
        name: 'plinth_calls_total',
        help: 'Calls of models, by door, name asked for, model and provider that answered, outcome, whose fault, error code.',
        type: 'counter',
        samples: series.map(({ labels, count: value }) => ({ labels, value })),
      },
      {
        name: 'plinth_call_attempts_total',
        help: 'Tries of providers that the calls took; more than calls where tries failed.',
        type: 'counter',
        samples: attemptsOf(series),
      },
      {
        name: 'plinth_call_duration_seconds',
        help: 'Time from the call to its end, of calls that were not refused.',
        type: 'histogram',
        samples: [...this.#timed.values()].flatMap(({ labels, took }) => took.samples(labels)),
      },
      {
        name: 'plinth_call_first_token_seconds',
        help: 'Time from the call to its first content.',
        type: 'histogram',
        samples: models.flatMap(({ labels, firstToken }) => firstToken.samples(labels)),
      },
      {
        name: 'plinth_call_tokens_total',
        help: 'Tokens by kind; cached are part of input, reasoning part of output.',
        type: 'counter',
        samples: models.flatMap(tokensOf),
      },
      {
        name: 'plinth_call_cost_usd_total',
        help: 'Cost in US dollars of calls whose price is known.',
        type: 'counter',
        samples: ofModels(({ costUsd }) => costUsd),
      },
      {
        name: 'plinth_calls_unpriced_total',
        help: 'Calls that a model answered whose price is not known: in no cost.',
        type: 'counter',
        samples: ofModels(({ unpriced }) => unpriced),
      },
    ]
  }
}

function isSame(one: Counted, other: Counted): boolean {
  return (
    one.model === other.model &&
    one.outcome === other.outcome &&
    one.door === other.door &&
    one.provider === other.provider &&
    one.errorCode === other.errorCode &&
    one.fault === other.fault
  )
}

function withoutNames(call: Counted): Counted {
  const other = (name: string | null) => (name === null ? null : 'other')
  return { ...call, asked: 'other', model: other(call.model), provider: other(call.provider) }
}

/** The vocabulary of docs/errors.md; nothing else becomes a label. */
function codeOf({ errorCode }: Counted): string {
  if (errorCode === null) return ''
  return errorCode in errorTable ? errorCode : 'INTERNAL'
}

function attemptsOf(series: readonly Series[]): Sample[] {
  const sums = new Map<string, number>()
  for (const { labels, attempts } of series) {
    const asked = labels.asked ?? ''
    sums.set(asked, (sums.get(asked) ?? 0) + attempts)
  }
  return [...sums].map(([asked, value]) => ({ labels: { asked }, value }))
}

function tokensOf({ labels, input, cached, output, reasoning }: ModelSums): Sample[] {
  return Object.entries({ input, cached, output, reasoning }).map(([kind, value]) => ({
    labels: { ...labels, kind },
    value,
  }))
}
