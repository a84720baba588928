import { type Capability, capabilities, type ResourceSpec } from '#kernel'
import type { Operation, RequestFacts } from './facts.ts'
import { compileHours } from './hours.ts'

/** Why a candidate does not get a request, as a word for metrics and as a sentence for people. */
export interface Unfit {
  code:
    | 'missing'
    | 'retired'
    | 'stage'
    | 'capability'
    | 'context'
    | 'language'
    | 'data-class'
    | 'region'
    | 'condition'
    | 'over-budget'
    | 'no-key'
    | 'unavailable'
  reason: string
}

type Model = ResourceSpec<'Model'>
type Provider = ResourceSpec<'Provider'>
type When = NonNullable<NonNullable<ResourceSpec<'Route'>['candidates']>[number]['when']>

const bits = new Map<Capability, number>(capabilities.map((name, i) => [name, 1 << i]))
const operations: readonly Operation[] = [
  'chat',
  'embeddings',
  'rerank',
  'images',
  'speech',
  'transcription',
  'moderation',
]
const operationBits = maskOf(operations)

/** Capabilities as bits of one number. */
export function maskOf(names: readonly Capability[]): number {
  let mask = 0
  for (const name of names) mask |= bits.get(name) ?? 0
  return mask
}

/** A model's fitness for requests, compiled once: what it is able to take and what it is cleared for. */
export class Fitness {
  readonly #model: string
  readonly #spec: Model
  /** Bits of what it is able to do; all where nobody says. */
  readonly #able: number
  /** Its text never leaves this process, so it is cleared for everything. */
  readonly #inside: boolean
  /** For those only who may use models that nobody approved. */
  readonly unapproved: boolean
  readonly #cleared: ReadonlySet<string>
  readonly #regions: readonly string[]
  readonly #languages: ReadonlySet<string> | undefined

  constructor(model: { name: string; spec: Model }, provider: Provider) {
    const { spec } = model
    this.#model = model.name
    this.#spec = spec
    this.#able = ableMask(spec.capabilities)
    this.unapproved = spec.stage === 'draft' || spec.stage === 'evaluated'
    this.#inside = provider.protocol === 'extractive'
    this.#cleared = clearedClasses(provider.dataClasses, spec.dataClasses)
    this.#regions = [...(provider.region ? [provider.region] : []), ...(spec.regions ?? [])]
    this.#languages = spec.languages && new Set(spec.languages.map((tag) => tag.toLowerCase()))
  }

  /** Why a request must not or cannot go to this model; undefined where it may. `needs`: bits of the facts' needs. */
  judge(facts: RequestFacts, needs: number): Unfit | undefined {
    return this.#clearance(facts) ?? this.#ability(facts, needs)
  }

  /** Fail closed: what is not known to be allowed is not. */
  #clearance(facts: RequestFacts): Unfit | undefined {
    if (this.unapproved && facts.unapproved !== true) {
      const reason = `model ${this.#model} is not approved: its stage is ${this.#spec.stage}`
      return { code: 'stage', reason }
    }
    if (this.#inside) return undefined
    const { dataClasses, regions } = facts
    if (dataClasses !== undefined) {
      for (const name of dataClasses) {
        if (this.#cleared.has(name)) continue
        const reason = `model ${this.#model} is not cleared for data of the class ${name}`
        return { code: 'data-class', reason }
      }
    }
    if (regions === undefined) return undefined
    if (this.#regions.length === 0) {
      const reason = `nobody says where model ${this.#model} runs, and the request must stay in ${regions.join(', ')}`
      return { code: 'region', reason }
    }
    for (const region of this.#regions) {
      if (regions.some((allowed) => within(region, allowed))) continue
      const reason = `model ${this.#model} may run in ${region}, and the request must stay in ${regions.join(', ') || 'this server'}`
      return { code: 'region', reason }
    }
    return undefined
  }

  #ability(facts: RequestFacts, needs: number): Unfit | undefined {
    const missing = needs & ~this.#able
    if (missing !== 0) {
      const names = capabilities.filter((_, i) => missing & (1 << i))
      return { code: 'capability', reason: `model ${this.#model} has no ${names.join(', ')}` }
    }
    const { contextTokens, maxOutputTokens } = this.#spec
    const answer = Math.min(maxOutputTokens, facts.maxOutputTokens ?? maxOutputTokens)
    const room = facts.operation === 'chat' ? contextTokens - answer : contextTokens
    if (!this.#inside && facts.inputTokens > room) {
      const reason = `the prompt of about ${facts.inputTokens} tokens does not fit: model ${this.#model} has room for ${room}`
      return { code: 'context', reason }
    }
    if (facts.language === undefined || speaks(this.#languages, facts.language)) return undefined
    return { code: 'language', reason: `model ${this.#model} does not speak ${facts.language}` }
  }
}

/** Without a word on operations a model is for chat; without any word it may be tried for everything. */
function ableMask(named: readonly Capability[] | undefined): number {
  if (named === undefined) return -1
  const mask = maskOf(named)
  return mask & operationBits ? mask : mask | maskOf(['chat'])
}

/** A model narrows what its provider is cleared for; where only one of them speaks, that holds; else nothing is. */
function clearedClasses(
  provider: readonly string[] | undefined,
  model: readonly string[] | undefined,
): ReadonlySet<string> {
  if (provider === undefined || model === undefined) return new Set(model ?? provider)
  return new Set(model.filter((name) => provider.includes(name)))
}

function within(region: string, allowed: string): boolean {
  if (!region.startsWith(allowed)) return false
  return region.length === allowed.length || region.charCodeAt(allowed.length) === 45
}

function speaks(languages: ReadonlySet<string> | undefined, tag: string): boolean {
  if (languages === undefined) return true
  const lower = tag.toLowerCase()
  return languages.has(lower) || languages.has(lower.split('-', 1)[0] as string)
}

/** A candidate's conditions as one function: the first that a request does not meet, or undefined. */
export function compileWhen(
  when: When,
): (facts: RequestFacts, needs: number) => string | undefined {
  const set = (names: readonly string[] | undefined) => names && new Set(names)
  const operations = set(when.operations)
  const needed = maskOf(when.capabilities ?? [])
  const { minInputTokens = 0, maxInputTokens = Number.POSITIVE_INFINITY } = when
  const languages = when.languages && new Set(when.languages.map((tag) => tag.toLowerCase()))
  const principals = set(when.principals)
  const groups = set(when.groups)
  const projects = set(when.projects)
  const useCases = set(when.useCases)
  const classes = set(when.dataClasses)
  const { regions } = when
  const open = when.hours && compileHours(when.hours)
  const one = (wanted: ReadonlySet<string> | undefined, said: string | undefined) =>
    wanted === undefined || (said !== undefined && wanted.has(said))
  const any = (wanted: ReadonlySet<string> | undefined, said: readonly string[] | undefined) =>
    wanted === undefined || said?.some((name) => wanted.has(name)) === true
  const each = (said: readonly string[] | undefined, fits: (name: string) => boolean) =>
    said !== undefined && said.length > 0 && said.every(fits)
  return (facts, needs) => {
    if (!one(operations, facts.operation)) return 'operations'
    if ((needs & needed) !== needed) return 'capabilities'
    if (facts.inputTokens < minInputTokens) return 'minInputTokens'
    if (facts.inputTokens > maxInputTokens) return 'maxInputTokens'
    if (languages && !(facts.language && speaks(languages, facts.language))) return 'languages'
    if (!any(principals, facts.principals)) return 'principals'
    if (!any(groups, facts.groups)) return 'groups'
    if (!one(projects, facts.project)) return 'projects'
    if (!one(useCases, facts.useCase)) return 'useCases'
    if (classes && !each(facts.dataClasses, (name) => classes.has(name))) return 'dataClasses'
    if (regions && !each(facts.regions, (name) => regions.some((at) => within(name, at)))) {
      return 'regions'
    }
    return open && !open(facts.now) ? 'hours' : undefined
  }
}
