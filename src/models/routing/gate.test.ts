import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Gate, type Waited } from './gate.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const steps = fc.array(
  fc.oneof(
    fc.record({ come: fc.boolean() }),
    fc.record({ leave: fc.nat(20) }),
    fc.record({ abort: fc.nat(20) }),
    fc.record({ pass: fc.integer({ min: 0, max: 150 }) }),
    fc.record({ max: fc.integer({ min: 1, max: 4 }) }),
  ),
  { maxLength: 80 },
)

describe('the gate of a provider', () => {
  it('never lets in or line up more than it may, and loses no place, whoever leaves when [M35.queue]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 5 }),
        steps,
        async (max, queue, list) => {
          const gate = new Gate({ max, queue, queueMs: 100 }, () => Date.now())
          let limit = max
          let inside = 0
          const waiting: AbortController[] = []
          const outcomes: Waited[] = []
          for (const step of list) {
            if ('come' in step) {
              const abort = new AbortController()
              if (gate.enter()) inside++
              else {
                const wait = gate.wait(abort.signal)
                if (wait) waiting.push(abort)
                else expect(gate.waiting).toBeGreaterThanOrEqual(queue)
                wait?.then((how) => {
                  outcomes.push(how)
                  waiting.splice(waiting.indexOf(abort), 1)
                  if (how === 'in') inside++
                })
              }
            } else if ('leave' in step && inside > 0) {
              inside--
              gate.leave()
            } else if ('abort' in step && waiting.length > 0) {
              waiting[step.abort % waiting.length]?.abort()
            } else if ('pass' in step) await vi.advanceTimersByTimeAsync(step.pass)
            else if ('max' in step) {
              limit = step.max
              gate.configure({ max: step.max, queue, queueMs: 100 })
            }
            await vi.advanceTimersByTimeAsync(0)
            expect(gate.inside).toBe(inside)
            expect(gate.waiting).toBe(waiting.length)
            expect(gate.waiting).toBeLessThanOrEqual(queue)
            // Nobody waits while there is room.
            if (gate.waiting > 0) expect(gate.inside).toBeGreaterThanOrEqual(limit)
            expect(vi.getTimerCount()).toBe(gate.waiting > 0 ? 1 : 0)
          }
          await vi.advanceTimersByTimeAsync(101)
          expect(gate.waiting).toBe(0)
          while (inside > 0) {
            inside--
            gate.leave()
          }
          expect([gate.inside, vi.getTimerCount()]).toEqual([0, 0])
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is first come, first served, and late after its time [M35.queue]', async () => {
    const gate = new Gate({ max: 1, queue: 3, queueMs: 100 }, () => Date.now())
    const said: string[] = []
    expect(gate.enter()).toBe(true)
    const abort = new AbortController()
    gate.wait()?.then((how) => said.push(`a ${how}`))
    gate.wait(abort.signal)?.then((how) => said.push(`b ${how}`))
    gate.wait()?.then((how) => said.push(`c ${how}`))
    expect(gate.wait()).toBeUndefined()
    expect(gate.full).toBe(true)
    abort.abort()
    gate.leave()
    await vi.advanceTimersByTimeAsync(99)
    expect(said.sort()).toEqual(['a in', 'b left'])
    await vi.advanceTimersByTimeAsync(1)
    expect(said).toContain('c late')
    expect([gate.inside, gate.waiting]).toEqual([1, 0])
    // Whoever has left before it came takes no place.
    expect(await gate.wait(AbortSignal.abort())).toBe('left')
  })
})
