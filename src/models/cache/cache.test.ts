import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import type { ForwardRecord, ForwardSink } from '../forward/forward.ts'
import { nothingObserved } from '../forward/observed.ts'
import { BoundedCache } from './bounded.ts'
import { type Ended, type Exchange, Flight } from './flight.ts'

const place = (organizationId: string, generation = 0) => ({ organizationId, generation })
const kept = (bytes: number, until = 1_000) => ({ bytes, keptAt: 0, until })

describe('what is kept', () => {
  it('stays within its bound, whatever is put in, and gives nothing back that is another’s [M15.cache-bounded]', () => {
    const step = fc.record({
      organization: fc.constantFrom('a', 'b', 'c'),
      generation: fc.integer({ min: 0, max: 2 }),
      key: fc.constantFrom('x', 'y', 'z', 'q'),
      bytes: fc.integer({ min: 0, max: 4_000 }),
      put: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new BoundedCache<ReturnType<typeof kept> & { name: string }>(10_000)
        const newest = new Map<string, number>()
        for (const { organization, generation, key, bytes, put } of steps) {
          const name = `${organization} ${generation} ${key}`
          const at = place(organization, generation)
          if (put) cache.set(at, key, { ...kept(bytes), name })
          else {
            const found = cache.get(at, key, 1)
            if (found) expect(found.name).toBe(name)
            if (found) expect(generation).toBeGreaterThanOrEqual(newest.get(organization) ?? 0)
          }
          newest.set(organization, Math.max(newest.get(organization) ?? 0, generation))
          expect(cache.bytes).toBeLessThanOrEqual(10_000)
          expect(cache.bytes).toBeGreaterThanOrEqual(0)
        }
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('goes when its time is over, and the longest unused first, of whoever holds most [M15.cache-eviction]', () => {
    const cache = new BoundedCache<ReturnType<typeof kept>>(8_000)
    cache.set(place('small'), 'one', kept(100))
    for (let i = 0; i < 6; i++) {
      cache.set(place('big'), String(i), kept(1_500))
      cache.get(place('big'), '0', 1)
    }
    expect(cache.get(place('small'), 'one', 1)).toBeDefined()
    expect(cache.get(place('big'), '0', 1)).toBeDefined()
    expect(cache.get(place('big'), '1', 1)).toBeUndefined()
    expect(cache.get(place('small'), 'one', 1_000)).toBeUndefined()
    expect(cache.set(place('big'), 'huge', kept(9_000))).toBe(false)
    expect(cache.get(place('big', 1), '0', 1)).toBeUndefined()
    expect(cache.set(place('big'), 'late', kept(1))).toBe(false)
    expect(cache.held(place('big', 1))).toEqual({ entries: 0, bytes: 0 })
  })
})

describe('a call that several wait for', () => {
  it('is seen whole by each, whenever they come, and ends only when all have left [M15.cache-flight]', async () => {
    const upstream = new Upstream()
    const flight = new Flight(1_000)
    const first = new Caller()
    const one = flight.join(first)
    flight.start((sink) => upstream.open(sink))
    upstream.sink.head('text/event-stream', { name: 'm' })
    upstream.sink.write(Buffer.from('a'))
    const second = new Caller()
    const two = flight.join(second)
    one.abort()
    expect(await one.done).toMatchObject({ begun: true, error: { code: 'CANCELLED' } })
    upstream.sink.write(Buffer.from('b'))
    expect(upstream.aborted).toBe(false)
    upstream.sink.end()
    upstream.finish({ begun: true })
    expect(await two.done).toEqual({ begun: true })
    expect([first.text, second.text, second.ended]).toEqual(['a', 'ab', true])
    expect(flight.said?.toString()).toBe('ab')

    const lonely = new Upstream()
    const left = new Flight(1_000)
    const only = left.join(new Caller())
    left.start((sink) => lonely.open(sink))
    only.abort()
    expect(lonely.aborted).toBe(true)
  })

  it('waits for a slow reader only once more is waiting than may [M15.cache-slow-reader]', () => {
    const upstream = new Upstream()
    const flight = new Flight(10)
    const [quick, slow] = [new Caller(), new Caller()]
    flight.join(quick)
    const reading = flight.join(slow)
    flight.start((sink) => upstream.open(sink))
    upstream.sink.head('text/event-stream', { name: 'm' })
    slow.more = false
    expect(upstream.sink.write(Buffer.from('12345'))).toBe(true)
    expect(flight.open).toBe(true)
    expect(upstream.sink.write(Buffer.from('6789012'))).toBe(false)
    expect([flight.open, flight.said]).toEqual([false, undefined])
    reading.resume()
    expect(upstream.resumed).toBe(1)
    expect(quick.text).toBe('123456789012')
  })
})

class Caller implements ForwardSink {
  text = ''
  ended = false
  more = true
  head() {}
  write(bytes: Buffer | string) {
    this.text += bytes.toString()
    return this.more
  }
  end(bytes?: Buffer) {
    this.text += bytes?.toString() ?? ''
    this.ended = true
  }
  broken() {}
}

class Upstream {
  sink!: ForwardSink
  aborted = false
  resumed = 0
  finish!: (ended: Ended) => void

  open(sink: ForwardSink): Exchange<ForwardRecord> {
    this.sink = sink
    const done = new Promise<ForwardRecord>((resolve) => {
      this.finish = (ended) =>
        resolve({
          attempts: [],
          seen: nothingObserved(),
          bytes: 0,
          totalMs: 1,
          outcome: 'ok',
          ...ended,
        })
    })
    const abort = () => {
      this.aborted = true
      this.finish({ begun: false, error: new PlinthError('CANCELLED', 'left') })
    }
    return { done, abort, resume: () => void this.resumed++ }
  }
}
