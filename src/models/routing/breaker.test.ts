import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breaker, type BreakerSettings } from './breaker.ts'

/** The automaton in the plainest words: a list of everything that counted, and a date. */
class Reference {
  readonly #settings: BreakerSettings
  #ends: { slot: number; fails: boolean }[] = []
  #openUntil: number | undefined
  #probing = false
  period = 0

  constructor(settings: BreakerSettings) {
    this.#settings = settings
  }

  state(now: number) {
    if (this.#openUntil === undefined) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  admit(now: number): number {
    const state = this.state(now)
    if (state === 'open' || (state === 'half-open' && this.#probing)) return -1
    if (state === 'half-open') this.#probing = true
    return this.period
  }

  end(period: number, health: 'works' | 'fails' | 'unknown', now: number): void {
    if (period !== this.period) return
    const { failures, ratio, windowMs, openMs } = this.#settings
    if (this.#openUntil !== undefined) {
      this.#probing = false
      if (health === 'works') this.#openUntil = undefined
      if (health === 'fails') this.#openUntil = now + openMs
      if (health === 'unknown') return
      this.#ends = []
      this.period++
      return
    }
    if (health === 'unknown') return
    const slot = Math.floor((now * 10) / windowMs)
    this.#ends.push({ slot, fails: health === 'fails' })
    const counted = this.#ends.filter((one) => one.slot > slot - 10)
    const failed = counted.filter((one) => one.fails).length
    if (health === 'fails' && failed >= failures && failed >= ratio * counted.length) {
      this.#openUntil = now + openMs
      this.#ends = []
      this.period++
    }
  }
}

const settings = fc.record({
  failures: fc.integer({ min: 1, max: 6 }),
  ratio: fc.constantFrom(0, 0.25, 0.5, 1),
  windowMs: fc.constantFrom(100, 1_000),
  openMs: fc.constantFrom(10, 500),
})
const steps = fc.array(
  fc.oneof(
    fc.record({ pass: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ admit: fc.constant(true) }),
    fc.record({
      end: fc.nat(5),
      health: fc.constantFrom(
        'works' as const,
        'fails' as const,
        'fails' as const,
        'unknown' as const,
      ),
    }),
  ),
  { maxLength: 120 },
)

describe('the circuit breaker', () => {
  it('is the automaton that it says it is, whatever happens in whatever order [M35.breaker]', () => {
    fc.assert(
      fc.property(settings, steps, (given, list) => {
        const breaker = new Breaker(given)
        const reference = new Reference(given)
        let now = 5_000
        const open: number[] = []
        for (const step of list) {
          if ('pass' in step) now += step.pass
          else if ('admit' in step) {
            const period = breaker.admit(now)
            expect(period).toBe(reference.admit(now))
            if (period >= 0) open.push(period)
          } else if (open.length > 0) {
            const [period] = open.splice(step.end % open.length, 1) as [number]
            breaker.end(period, step.health, now)
            reference.end(period, step.health, now)
          }
          expect(breaker.state(now)).toBe(reference.state(now))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('lets exactly one probe pass while half-open [M35.probe]', () => {
    const breaker = new Breaker({ failures: 2, ratio: 0.5, windowMs: 1_000, openMs: 100 })
    for (const _ of [1, 2]) breaker.end(breaker.admit(0), 'fails', 0)
    expect([breaker.state(99), breaker.admit(99), breaker.waitMs(99)]).toEqual(['open', -1, 1])
    const probe = breaker.admit(100)
    expect(probe).toBeGreaterThanOrEqual(0)
    expect([breaker.admit(100), breaker.admit(10_000)]).toEqual([-1, -1])
    expect(breaker.waitMs(100)).toBe(Number.POSITIVE_INFINITY)
    // A probe that says nothing makes room for another; one that fails opens again.
    breaker.end(probe, 'unknown', 110)
    const second = breaker.admit(110)
    expect(second).toBeGreaterThanOrEqual(0)
    breaker.end(second, 'fails', 120)
    expect([breaker.state(219), breaker.state(220)]).toEqual(['open', 'half-open'])
    breaker.end(breaker.admit(220), 'works', 230)
    expect(breaker.state(230)).toBe('closed')
  })

  it('of several processes opens, probes and closes for all [M35.processes]', () => {
    const settings = { failures: 1, ratio: 0, windowMs: 1_000, openMs: 100 }
    let now = 0
    const one: Breaker = new Breaker(settings, (openMs) => other.hear(openMs, now))
    const other: Breaker = new Breaker(settings, (openMs) => one.hear(openMs, now))
    const before = other.admit(now)
    one.end(one.admit(now), 'fails', now)
    expect([one.state(now), other.state(now)]).toEqual(['open', 'open'])
    // A call from before says nothing about what came since.
    other.end(before, 'works', now)
    expect(other.state(now)).toBe('open')
    now = 100
    const probe = other.admit(now)
    expect([probe >= 0, one.admit(now)]).toEqual([true, -1])
    other.end(probe, 'works', now)
    expect([one.state(now), other.state(now)]).toEqual(['closed', 'closed'])
  })
})
