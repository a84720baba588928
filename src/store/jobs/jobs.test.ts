import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { openTestStore, type TestStore } from '../../../test/open-store.ts'
import {
  claim,
  enqueue,
  enqueueChildren,
  finish,
  getJob,
  requestCancel,
  writeStep,
} from './jobs.ts'
import { closeToJoins, countJoins, enqueueOrJoin } from './joining.ts'
import { type JobHandler, JobWorker } from './worker.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(() => test.store.within(test.organizationId, (tx) => tx.deleteFrom('job').execute()))

const add = (input: unknown, more: { dedupeKey?: string; kind?: string } = {}) =>
  test.store.within(test.organizationId, (tx) =>
    enqueue(tx, { kind: more.kind ?? 'count', input, createdBy: 'usr_t', ...more }),
  )
const look = (id: string) => test.store.read(test.organizationId, (tx) => getJob(tx, id))
const worker = (handlers: Record<string, JobHandler>, concurrency = 4) =>
  new JobWorker({ store: test.store, handlers, concurrency })
const expireLeases = () =>
  test.store.within(test.organizationId, (tx) =>
    tx.updateTable('job').set({ lease_until: sql<Date>`now() - interval '1 second'` }).execute(),
  )

describe('durable jobs', () => {
  it('reuses finished steps when another worker takes over [M7.resume]', async () => {
    const { id } = await add({ n: 1 })
    const ran: string[] = []
    const [dead] = await claim(test.store, {
      kinds: ['count'],
      owner: 'dead',
      leaseSeconds: 30,
      count: 1,
    })
    await test.store.within(test.organizationId, (tx) =>
      writeStep(tx, dead!, { name: 'first', result: 41 }),
    )
    await expireLeases()
    await worker({
      count: async ({ step }) => {
        const first = await step('first', async () => {
          ran.push('first')
          return 0
        })
        const second = await step('second', async () => {
          ran.push('second')
          return first + 1
        })
        return { done: second }
      },
    }).idle()
    expect(await look(id)).toMatchObject({ state: 'succeeded', result: 42, attempt: 2 })
    expect(ran).toEqual(['second'])
  })

  it('refuses every write of a worker that lost its lease [M7.fencing]', async () => {
    await add({})
    const [old] = await claim(test.store, {
      kinds: ['count'],
      owner: 'old',
      leaseSeconds: 30,
      count: 1,
    })
    await expireLeases()
    const [taken] = await claim(test.store, {
      kinds: ['count'],
      owner: 'new',
      leaseSeconds: 30,
      count: 1,
    })
    expect(taken?.job.id).toBe(old?.job.id)
    await expect(
      test.store.within(test.organizationId, (tx) => writeStep(tx, old!, { name: 's', result: 1 })),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(
      test.store.within(test.organizationId, (tx) => finish(tx, old!, { state: 'succeeded' })),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('runs each of 100 jobs exactly once over three workers [M7.exactly-one-claim]', async () => {
    const seen = new Map<unknown, number>()
    for (let i = 0; i < 100; i++) await add({ i })
    const handler: JobHandler = async ({ job }) => {
      const { i } = job.input as { i: number }
      seen.set(i, (seen.get(i) ?? 0) + 1)
      return { done: i }
    }
    await Promise.all([1, 2, 3].map(() => worker({ count: handler }).idle()))
    expect(seen.size).toBe(100)
    expect([...seen.values()].every((n) => n === 1)).toBe(true)
  })

  it('parks a parent until its last child has ended, whichever ends last [M7.children]', async () => {
    const { id } = await add({}, { kind: 'parent' })
    let ended = 0
    await worker({
      parent: async ({ job, step }) => {
        const first = await step('children', async () => {
          await test.store.within(job.organizationId, (tx) =>
            enqueueChildren(
              tx,
              { id: job.id, createdBy: 'usr_t' },
              Array.from({ length: 30 }, (_, i) => ({ kind: 'child', input: i })),
            ),
          )
          return job.attempt
        })
        return first === job.attempt ? { wait: true } : { done: ended }
      },
      child: async () => {
        ended++
        return { done: null }
      },
    }).idle()
    expect(await look(id)).toMatchObject({ state: 'succeeded', result: 30 })
  })

  it('joins a live job with the same key and starts a new one after it ended [M7.dedupe]', async () => {
    const first = await add({}, { dedupeKey: 'source:a' })
    expect(await add({}, { dedupeKey: 'source:a' })).toEqual({ id: first.id, created: false })
    await worker({ count: async () => ({ done: 1 }) }).idle()
    expect((await add({}, { dedupeKey: 'source:a' })).created).toBe(true)
  })

  it('tries faults again with a growing delay, refusals never, and gives up at the limit [M7.retry]', async () => {
    const fault = await add({}, { kind: 'fault' })
    const refusal = await add({}, { kind: 'refusal' })
    const handlers: Record<string, JobHandler> = {
      fault: async () => {
        throw new Error('bad luck')
      },
      refusal: async () => {
        throw new PlinthError('UNPARSABLE', { detail: 'broken', where: 'a.pdf page 3' })
      },
    }
    await worker(handlers).idle()
    expect(await look(refusal.id)).toMatchObject({
      state: 'failed',
      attempt: 1,
      error: { code: 'UNPARSABLE', where: 'a.pdf page 3' },
    })
    for (let i = 0; i < 6; i++) {
      await test.store.within(test.organizationId, (tx) =>
        tx
          .updateTable('job')
          .set({ run_at: new Date(0) })
          .where('state', '=', 'queued')
          .execute(),
      )
      await worker(handlers).idle()
    }
    expect(await look(fault.id)).toMatchObject({ state: 'failed', attempt: 5 })
  })

  it('is not used up by what befalls it: killed, stopped, and without a disk, ten times each [M7.outages]', async () => {
    const { id } = await add({})
    const dueNow = () =>
      test.store.within(test.organizationId, (tx) =>
        tx
          .updateTable('job')
          .set({ run_at: new Date(0) })
          .where('state', '=', 'queued')
          .execute(),
      )
    for (let i = 0; i < 10; i++) {
      await claim(test.store, { kinds: ['count'], owner: `dead${i}`, leaseSeconds: 30, count: 1 })
      await expireLeases()
    }
    const full: JobHandler = async () => {
      throw new PlinthError('UNAVAILABLE', 'The disk is full.')
    }
    for (let i = 0; i < 10; i++) {
      await worker({ count: full }).idle()
      expect(await look(id)).toMatchObject({ state: 'queued', error: { code: 'UNAVAILABLE' } })
      await dueNow()
    }
    for (let i = 0; i < 10; i++) {
      const stopped = worker({
        count: ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      })
      stopped.start()
      await expect.poll(async () => (await look(id))?.state, { interval: 5 }).toBe('running')
      await stopped.stop()
      await dueNow()
    }
    await worker({ count: async () => ({ done: 'at last' }) }).idle()
    expect(await look(id)).toMatchObject({ state: 'succeeded', result: 'at last', error: null })
  })

  it('is taken over at once where a process is alone on its database [M7.outages]', async () => {
    const { id } = await add({})
    await claim(test.store, { kinds: ['count'], owner: 'dead', leaseSeconds: 3_600, count: 1 })
    const next = new JobWorker({
      store: test.store,
      concurrency: 1,
      alone: true,
      handlers: { count: async () => ({ done: 1 }) },
    })
    next.start()
    await expect.poll(async () => (await look(id))?.state).toBe('succeeded')
    await next.stop()
  })

  it('goes on with a worker that was stopped and starts again [M7.outages]', async () => {
    const one = worker({ count: async () => ({ done: 'here' }) })
    for (let life = 0; life < 3; life++) {
      one.start()
      const { id } = await add({ life })
      await expect.poll(async () => (await look(id))?.state).toBe('succeeded')
      await Promise.all([one.stop(), one.stop()])
      const { id: later } = await add({ life, later: true })
      await one.idle()
      expect((await look(later))?.state).toBe('queued')
    }
  })

  it('cancels queued work at once and running work at its signal [M7.cancel]', async () => {
    const queued = await add({}, { kind: 'other' })
    await test.store.within(test.organizationId, (tx) => requestCancel(tx, queued.id))
    expect((await look(queued.id))?.state).toBe('cancelled')
    const running = await add({})
    const w = new JobWorker({
      store: test.store,
      concurrency: 1,
      leaseSeconds: 0.3,
      handlers: {
        count: ({ signal }) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    })
    w.start()
    await expect.poll(async () => (await look(running.id))?.state).toBe('running')
    await test.store.within(test.organizationId, (tx) => requestCancel(tx, running.id))
    await expect.poll(async () => (await look(running.id))?.state).toBe('cancelled')
    await w.stop()
  })
})

describe('joining a job', () => {
  const ask = () =>
    test.store.within(test.organizationId, (tx) =>
      enqueueOrJoin(tx, { kind: 'count', input: {}, createdBy: 'usr_t', dedupeKey: 'source:b' }),
    )

  it('is noticed by the one that runs, which goes on until nobody joined meanwhile [M7.join]', async () => {
    const first = await ask()
    const seen: number[] = []
    await worker({
      count: async ({ job, lease }) => {
        for (;;) {
          const joins = await test.store.read(test.organizationId, (tx) => countJoins(tx, job.id))
          seen.push(joins)
          if (seen.length <= 3) expect(await ask()).toEqual({ id: first.id, created: false })
          const closed = await test.store.within(test.organizationId, (tx) =>
            closeToJoins(tx, lease, joins),
          )
          if (closed) break
        }
        if (job.id === first.id) expect(await ask()).toMatchObject({ created: true })
        return { done: seen.length }
      },
    }).idle()
    // Joined three times, and once more by the new job that was asked for after it had closed itself.
    expect(seen).toEqual([0, 1, 2, 3, 0])
  })

  it('never gets lost between a look and the end, however many join at once [M7.join]', async () => {
    let looks = 0
    const asked: Promise<{ id: string; before: number }>[] = []
    const lookedAfter = new Map<string, number>()
    const askFrom = async (before: number) => ({ id: (await ask()).id, before })
    await ask()
    const working = worker({
      count: async ({ job, lease }) => {
        for (;;) {
          const joins = await test.store.read(test.organizationId, (tx) => countJoins(tx, job.id))
          lookedAfter.set(job.id, ++looks)
          if (asked.length < 30) for (let i = 0; i < 3; i++) asked.push(askFrom(looks))
          const closed = await test.store.within(test.organizationId, (tx) =>
            closeToJoins(tx, lease, joins),
          )
          if (closed) return { done: looks }
        }
      },
    })
    // What was asked for after the last job had closed itself is another job's.
    for (let before = -1; before !== asked.length; ) {
      before = asked.length
      await working.idle()
      await Promise.all(asked)
    }
    await working.idle()
    expect(asked.length).toBeGreaterThanOrEqual(30)
    // A look that began after each request was made must follow.
    for (const { id, before } of await Promise.all(asked)) {
      expect(lookedAfter.get(id) ?? 0).toBeGreaterThan(before)
    }
  })
})
