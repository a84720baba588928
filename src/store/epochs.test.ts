import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Epochs, EpochWatch, moveEpoch, trustMs } from './epochs.ts'
import type { Tx } from './store.ts'

describe('epochs that are read for many requests at once', () => {
  it('are never older than what was reported as done, on another server too [M27.epochs-trusted]', async () => {
    const committed = { access: 0, resources: 0, caches: 0 }
    const read = async (): Promise<Epochs> => {
      const seen = { ...committed }
      await delay(Math.random() * 8)
      return seen
    }
    const here = new EpochWatch(read)
    const there = new EpochWatch(read)
    let reported = 0
    let running = true
    const writer = async () => {
      for (let i = 0; i < 12; i++) {
        const tx = {} as Tx
        moveEpoch(tx)
        const epoch = ++committed.access
        await here.committed('org', tx, false)
        reported = epoch
        await delay(Math.random() * 30)
      }
      running = false
    }
    const reader = async () => {
      let reads = 0
      while (running) {
        const known = reported
        const { access } = await there.current('org')
        expect(access).toBeGreaterThanOrEqual(known)
        reads++
        await delay(1)
      }
      return reads
    }
    const [, ...counts] = await Promise.all([writer(), reader(), reader(), reader()])
    expect(Math.min(...counts)).toBeGreaterThan(20)
  })

  it('cost one read for all that ask at once, and none while they can be believed', async () => {
    let reads = 0
    const watch = new EpochWatch(async () => {
      reads++
      return { access: 1, resources: 1, caches: 0 }
    })
    await Promise.all(Array.from({ length: 100 }, () => watch.current('org')))
    expect(reads).toBe(1)
    expect(watch.current('org')).not.toBeInstanceOf(Promise)
    await delay(trustMs + 5)
    expect(watch.current('org')).toBeInstanceOf(Promise)
  })

  it('are read anew at once by the server that changed them', async () => {
    let epoch = 1
    const watch = new EpochWatch(async () => ({ access: epoch, resources: 0, caches: 0 }))
    expect((await watch.current('org')).access).toBe(1)
    const tx = {} as Tx
    moveEpoch(tx)
    epoch = 2
    await watch.committed('org', tx, true)
    expect((await watch.current('org')).access).toBe(2)
  })

  it('are not kept of a read that failed', async () => {
    let fails = true
    const watch = new EpochWatch(async () => {
      if (fails) throw new Error('away')
      return { access: 3, resources: 0, caches: 0 }
    })
    await expect(watch.current('org')).rejects.toThrow('away')
    fails = false
    expect((await watch.current('org')).access).toBe(3)
  })
})
