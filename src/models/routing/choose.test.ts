import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from './compile.ts'
import type { RequestFacts } from './facts.ts'
import type { Permit } from './permit.ts'
import { factsOf, routerAt, seeded, snapshotOf, type World } from './routing.fixture.ts'

const names = (order: readonly Candidate[]) => order.map(({ name }) => name)

/** Chooses on the route `r` of a world. */
function chooserOf(world: World, options: Parameters<typeof routerAt>[0] = {}) {
  const at = routerAt(options)
  const route = at.router.routes(snapshotOf(world)).route('r')!
  return {
    ...at,
    route,
    choose: (more: Partial<RequestFacts> = {}) => at.router.choose(route, factsOf(more)),
  }
}

const classes = ['public', 'internal', 'confidential'] as const
const regions = ['eu', 'eu-west', 'us', 'us-east'] as const
const some = <T>(list: readonly T[]) => fc.option(fc.subarray([...list]), { nil: undefined })
const cleared = fc.record({
  provider: fc.record({
    dataClasses: some(classes),
    region: fc.option(fc.constantFrom(...regions), { nil: undefined }),
  }),
  model: fc.record({ dataClasses: some(classes), regions: some(regions) }),
})

describe('who may have a request', () => {
  it('is never a model that is not cleared, in the order, as shadow, hedge or further try [M6.fail-closed]', () => {
    const strategy = fc.constantFrom(
      'ordered',
      'weighted',
      'lowest-latency',
      'least-busy',
      'lowest-cost',
    )
    const asked = fc.record({ dataClasses: some(classes), regions: some(regions) })
    fc.assert(
      fc.property(
        fc.array(cleared, { minLength: 1, maxLength: 6 }),
        strategy,
        asked,
        fc.array(fc.constantFrom('timeout' as const, 'rate-limited' as const, 'full' as const), {
          maxLength: 12,
        }),
        (list, how, facts, ends) => {
          const world: World = { providers: {}, models: {}, routes: {} }
          list.forEach(({ provider, model }, i) => {
            world.providers![`p${i}`] = defined(provider)
            world.models![`m${i}`] = { provider: `p${i}`, ...defined(model) }
          })
          world.routes!.r = {
            candidates: list.map((_, i) => ({ model: `m${i}`, weight: i })),
            strategy: how,
            shadow: { model: 'm0', share: 1 },
          }
          const { router, choose } = chooserOf(world)
          const choice = choose(defined(facts) as Partial<RequestFacts>)
          // In the plainest words: each class is on every list that there is, and there is one; each place is within.
          const may = ({ name }: Candidate) => {
            const { provider, model } = list[Number(name.slice(1))]!
            const lists = [provider.dataClasses, model.dataClasses].filter(
              (one) => one !== undefined,
            )
            const places = [...(provider.region ? [provider.region] : []), ...(model.regions ?? [])]
            const clear = (facts.dataClasses ?? []).every(
              (one) => lists.length > 0 && lists.every((all) => all.includes(one)),
            )
            const stays =
              facts.regions === undefined ||
              (places.length > 0 &&
                places.every((at) =>
                  facts.regions!.some((r) => at === r || at.startsWith(`${r}-`)),
                ))
            return clear && stays
          }
          const reached = [...choice.order, ...(choice.shadow ? [choice.shadow] : [])]
          const plan = router.plan(choice)
          let step = plan.first()
          for (const end of ends) {
            const hedge = plan.hedge()
            if (hedge) reached.push(hedge)
            if (!step) break
            reached.push(step.candidate)
            step = plan.next(end)
          }
          expect(reached.filter((one) => !may(one))).toEqual([])
          expect(choice.order.length + choice.rejected.length).toBe(list.length)
          // And nobody is kept away without need.
          expect(
            choice.rejected.filter(({ code }) => !['data-class', 'region'].includes(code)),
          ).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })

  it('keeps what never leaves this server cleared for everything [M6.fail-closed]', () => {
    const { choose } = chooserOf({
      providers: { p: {}, here: { protocol: 'extractive', baseUrl: undefined } },
      models: { far: {}, near: { provider: 'here' } },
      routes: { r: { models: ['far', 'near'] } },
    })
    const choice = choose({ dataClasses: ['confidential'], regions: [] })
    expect(names(choice.order)).toEqual(['near'])
    expect(choice.rejected).toMatchObject([{ model: 'far', code: 'data-class' }])
  })

  it('has what is needed, room for it and its language, and is not retired [M6.conditions]', () => {
    const { choose } = chooserOf({
      providers: { p: {} },
      models: {
        plain: { capabilities: [] },
        able: { capabilities: ['tools', 'vision'], contextTokens: 4_000, maxOutputTokens: 1_000 },
        unknown: { languages: ['en', 'de-CH'] },
        embedder: { capabilities: ['embeddings'] },
        old: { stage: 'retired' },
      },
      routes: { r: { models: ['plain', 'able', 'unknown', 'embedder', 'old', 'gone'] } },
    })
    expect(names(choose().order)).toEqual(['plain', 'able', 'unknown'])
    expect(names(choose({ needs: ['tools'] }).order)).toEqual(['able', 'unknown'])
    expect(names(choose({ operation: 'embeddings' }).order)).toEqual(['unknown', 'embedder'])
    expect(names(choose({ needs: ['vision'], inputTokens: 3_001 }).order)).toEqual(['unknown'])
    expect(
      names(choose({ needs: ['vision'], inputTokens: 3_001, maxOutputTokens: 500 }).order),
    ).toEqual(['able', 'unknown'])
    expect(names(choose({ needs: ['tools'], language: 'fr' }).order)).toEqual(['able'])
    expect(names(choose({ needs: ['tools'], language: 'en-GB' }).order)).toEqual([
      'able',
      'unknown',
    ])
    const why = choose({ needs: ['tools'], language: 'de' }).rejected
    expect(Object.fromEntries(why.map(({ model, code }) => [model, code]))).toEqual({
      plain: 'capability',
      unknown: 'language',
      embedder: 'capability',
      old: 'retired',
      gone: 'missing',
    })
  })

  it('meets each of its conditions; what a request does not say meets none [M6.conditions]', () => {
    const says: [when: object, yes: Partial<RequestFacts>, no: Partial<RequestFacts>][] = [
      [{ operations: ['embeddings'] }, { operation: 'embeddings' }, {}],
      [{ capabilities: ['vision'] }, { needs: ['tools', 'vision'] }, { needs: ['tools'] }],
      [{ maxInputTokens: 99 }, { inputTokens: 99 }, { inputTokens: 100 }],
      [{ minInputTokens: 100 }, { inputTokens: 100 }, { inputTokens: 99 }],
      [{ languages: ['pt'] }, { language: 'pt-BR' }, { language: 'es' }],
      [{ principals: ['usr_1'] }, { principals: ['key_1', 'usr_1'] }, { principals: ['usr_2'] }],
      [{ groups: ['legal'] }, { groups: ['a', 'legal'] }, { groups: ['a'] }],
      [{ projects: ['x'] }, { project: 'x' }, { project: 'y' }],
      [{ useCases: ['x'] }, { useCase: 'x' }, { useCase: 'y' }],
      [
        { dataClasses: ['internal'] },
        { dataClasses: ['internal'] },
        { dataClasses: ['internal', 'public'] },
      ],
      [{ regions: ['eu'] }, { regions: ['eu-west'] }, { regions: ['eu', 'us'] }],
    ]
    for (const [when, yes, no] of says) {
      const { choose } = chooserOf({
        providers: { p: { dataClasses: ['internal', 'public'], region: 'eu-west' } },
        models: { m: {} },
        routes: { r: { candidates: [{ model: 'm', when }] } },
      })
      const key = Object.keys(when)[0]
      const fits = (facts: Partial<RequestFacts>) => choose(facts).order.length === 1
      expect({ key, yes: fits(yes), no: fits(no) }).toEqual({ key, yes: true, no: false })
      const silent = fits({})
      expect({ key, silent }).toEqual({ key, silent: key === 'minInputTokens' })
      if (no.dataClasses === undefined && no.regions === undefined)
        expect(choose(no).rejected[0]).toMatchObject({
          code: 'condition',
          reason: expect.stringContaining(`"${key}"`),
        })
    }
  })

  it('is open at its hours, in its own time zone and over midnight [M6.conditions]', () => {
    const open = (hours: object, at: string) => {
      const { choose } = chooserOf({
        providers: { p: {} },
        models: { m: {} },
        routes: { r: { candidates: [{ model: 'm', when: { hours } }] } },
      })
      return choose({ now: Date.parse(at) }).order.length === 1
    }
    const office = { from: '08:00', to: '18:00', days: ['mon', 'fri'], zone: 'Europe/Berlin' }
    // 5 January 2026 is a Monday; Berlin is an hour ahead in winter and two in summer.
    expect(open(office, '2026-01-05T06:59:00Z')).toBe(false)
    expect(open(office, '2026-01-05T07:00:00Z')).toBe(true)
    expect(open(office, '2026-01-05T17:00:00Z')).toBe(false)
    expect(open(office, '2026-07-06T06:00:00Z')).toBe(true)
    expect(open(office, '2026-01-06T12:00:00Z')).toBe(false)
    const night = { from: '22:00', to: '06:00', days: ['mon'] }
    expect(open(night, '2026-01-05T21:59:00Z')).toBe(false)
    expect(open(night, '2026-01-05T22:00:00Z')).toBe(true)
    expect(open(night, '2026-01-06T05:59:00Z')).toBe(true)
    expect(open(night, '2026-01-06T22:00:00Z')).toBe(false)
    expect(open(night, '2026-01-05T05:00:00Z')).toBe(false)
  })
})

describe('the order', () => {
  const three = (route: object, more: object = {}): World => ({
    providers: { p0: {}, p1: {}, p2: {}, ...more },
    models: Object.fromEntries([0, 1, 2].map((i) => [`m${i}`, { provider: `p${i}` }])),
    routes: { r: route },
  })
  const all = ['m0', 'm1', 'm2'].map((model) => ({ model }))

  it('is the one of the route, without what cannot answer now [M36.order]', () => {
    const { choose, route, clock } = chooserOf(three({ candidates: all }))
    expect(names(choose().order)).toEqual(['m0', 'm1', 'm2'])
    expect(choose().reason).toBe('first usable model of route r')
    for (let i = 0; i < 10; i++) {
      const permit = route.candidates[0]!.deployment.acquire() as Permit
      permit.done({ outcome: 'server-error' })
    }
    expect(names(choose().order)).toEqual(['m1', 'm2'])
    expect(choose().rejected).toEqual([
      {
        model: 'm0',
        code: 'unavailable',
        reason: expect.stringContaining('failed too often'),
        retryAfterMs: 10_000,
      },
    ])
    expect(choose().reason).toContain('1 skipped')
    clock.ms += 10_000
    expect(names(choose().order)).toEqual(['m0', 'm1', 'm2'])
  })

  it('is drawn by weight: shares converge, and without weight is in reserve only [M6.weighted]', () => {
    const weights = [5, 3, 2, 0]
    const { choose } = chooserOf(
      {
        providers: { p: {} },
        models: Object.fromEntries(weights.map((_, i) => [`m${i}`, {}])),
        routes: {
          r: {
            strategy: 'weighted',
            candidates: weights.map((weight, i) => ({ model: `m${i}`, weight })),
          },
        },
      },
      { random: seeded(7) },
    )
    const n = 20_000
    const first = new Map<string, number>()
    for (let i = 0; i < n; i++) {
      const { order } = choose()
      first.set(order[0]!.name, (first.get(order[0]!.name) ?? 0) + 1)
      expect(order[3]!.name).toBe('m3')
    }
    for (const [i, weight] of weights.entries()) {
      // Five standard errors of a share of a half.
      const share = (first.get(`m${i}`) ?? 0) / n
      expect(Math.abs(share - weight / 10)).toBeLessThan(5 * Math.sqrt(0.25 / n))
    }
  })

  const serve = (
    candidate: Candidate,
    clock: { ms: number },
    how: { first: number; tokens: number; each: number },
  ) => {
    const permit = candidate.deployment.acquire() as Permit
    clock.ms += how.first
    permit.firstToken()
    clock.ms += how.each * (how.tokens - 1)
    permit.done({ outcome: 'ok', tokens: how.tokens })
  }

  it('follows measured latency: first token and speed together, and tries what it does not know [M37.latency]', () => {
    const { choose, route, clock } = chooserOf(
      three({ strategy: 'lowest-latency', candidates: all }),
    )
    const [a, b, c] = route.candidates as [Candidate, Candidate, Candidate]
    serve(a, clock, { first: 200, tokens: 101, each: 20 })
    serve(b, clock, { first: 600, tokens: 101, each: 5 })
    // Never measured: one call finds out, the next goes where it is known to be quick.
    expect(names(choose().order)[0]).toBe('m2')
    const trying = c.deployment.acquire() as Permit
    expect(names(choose().order)).toEqual(['m1', 'm0', 'm2'])
    clock.ms += 9_000
    trying.done({ outcome: 'timeout' })
    expect(names(choose().order)).toEqual(['m1', 'm0', 'm2'])
    // A short answer is quicker from who begins sooner.
    expect(names(choose({ maxOutputTokens: 5 }).order)).toEqual(['m0', 'm1', 'm2'])
  })

  it('is least busy by the share of its places [M6.least-busy]', () => {
    const { choose, route } = chooserOf(
      three(
        { strategy: 'least-busy', candidates: all },
        { p0: { concurrency: { max: 2 } }, p1: { concurrency: { max: 10 } } },
      ),
    )
    const [a, b, c] = route.candidates as [Candidate, Candidate, Candidate]
    a.deployment.acquire()
    for (let i = 0; i < 4; i++) b.deployment.acquire()
    expect(names(choose().order)).toEqual(['m2', 'm1', 'm0'])
    for (let i = 0; i < 900; i++) c.deployment.acquire()
    expect(names(choose().order)).toEqual(['m1', 'm0', 'm2'])
  })

  it('is cheapest by its price; an unknown price is not a low one [M37.cost]', () => {
    const { choose } = chooserOf({
      providers: { p: {} },
      models: {
        dear: { price: { input: 10, output: 30 } },
        unknown: {},
        chatty: { price: { input: 1, output: 20 } },
        cheap: { price: { input: 2, output: 4 } },
      },
      routes: { r: { strategy: 'lowest-cost', models: ['dear', 'unknown', 'chatty', 'cheap'] } },
    })
    expect(names(choose({ inputTokens: 1_000, maxOutputTokens: 500 }).order)).toEqual([
      'cheap',
      'chatty',
      'dear',
      'unknown',
    ])
    expect(names(choose({ inputTokens: 5_000, maxOutputTokens: 1 }).order)[0]).toBe('chatty')
  })

  it('is the cheapest that keeps the objective within the budget, by live measurements [M37.objective]', () => {
    const { choose, route, clock } = chooserOf({
      providers: { p0: {}, p1: {}, p2: {}, p3: {} },
      models: {
        slow: { provider: 'p0', price: { input: 1, output: 1 } },
        good: { provider: 'p1', price: { input: 2, output: 2 } },
        fast: { provider: 'p2', price: { input: 5, output: 5 } },
        unpriced: { provider: 'p3' },
      },
      routes: {
        r: {
          strategy: 'objective',
          models: ['slow', 'good', 'fast', 'unpriced'],
          objective: { ttftMs: 500, totalMs: 3_000, maxCostUsd: 0.01 },
        },
      },
    })
    const [slow, good, fast] = route.candidates as [Candidate, Candidate, Candidate]
    serve(slow, clock, { first: 900, tokens: 101, each: 10 })
    serve(good, clock, { first: 300, tokens: 101, each: 10 })
    serve(fast, clock, { first: 100, tokens: 101, each: 2 })
    const usual = choose({ maxOutputTokens: 100 })
    expect(names(usual.order)).toEqual(['good', 'fast', 'slow'])
    expect(usual.reason).toContain('cheapest whose forecast keeps the objective')
    expect(usual.rejected).toMatchObject([{ model: 'unpriced', code: 'over-budget' }])
    // What was good becomes slow: the next request goes elsewhere.
    serve(good, clock, { first: 2_000, tokens: 101, each: 10 })
    expect(names(choose({ maxOutputTokens: 100 }).order)[0]).toBe('fast')
    serve(fast, clock, { first: 4_000, tokens: 101, each: 2 })
    const none = choose({ maxOutputTokens: 100 })
    expect(none.reason).toContain('none keeps the objective')
    expect(names(none.order)[0]).toBe('slow')
    // Too dear is left out, not put last.
    const dear = choose({ inputTokens: 6_000, maxOutputTokens: 100 })
    expect(dear.rejected.map(({ model }) => model).sort()).toEqual(['fast', 'good', 'unpriced'])
  })

  it('keeps a conversation where it is when others come and go [M6.sticky]', () => {
    const conversations = fc.array(fc.uuid(), { minLength: 20, maxLength: 60 })
    fc.assert(
      fc.property(conversations, fc.integer({ min: 2, max: 8 }), fc.nat(7), (list, count, out) => {
        const removed = `m${out % count}`
        const placesWith = (members: string[]) => {
          const { choose } = chooserOf({
            providers: { p: {} },
            models: Object.fromEntries(members.map((name) => [name, {}])),
            routes: { r: { models: members, strategy: 'weighted', sticky: 'conversation' } },
          })
          return list.map((conversation) => choose({ conversation }).order[0]!.name)
        }
        const members = Array.from({ length: count }, (_, i) => `m${i}`)
        const before = placesWith(members)
        const after = placesWith(members.filter((name) => name !== removed))
        for (const [i, name] of before.entries()) {
          if (name !== removed) expect(after[i]).toBe(name)
        }
        expect(placesWith([...members].reverse())).toEqual(before)
      }),
      { numRuns: 40 },
    )
  })

  it('spreads conversations by weight [M6.sticky]', () => {
    const { choose } = chooserOf({
      providers: { p: {} },
      models: { a: {}, b: {} },
      routes: {
        r: {
          strategy: 'weighted',
          sticky: 'conversation',
          candidates: [
            { model: 'a', weight: 3 },
            { model: 'b', weight: 1 },
          ],
        },
      },
    })
    const n = 8_000
    let a = 0
    for (let i = 0; i < n; i++) if (choose({ conversation: `c-${i}` }).order[0]!.name === 'a') a++
    expect(Math.abs(a / n - 0.75)).toBeLessThan(5 * Math.sqrt(0.1875 / n))
    expect(choose({ conversation: 'c-1' }).reason).toContain('conversation')
  })
})

function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))
}
