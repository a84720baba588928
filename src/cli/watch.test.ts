import { describe, expect, it } from 'vitest'
import { fakeIo, json } from './io.fixture.ts'

const job = (state: string, error: object | null = null) => ({
  id: 'job_1',
  kind: 'source-sync',
  target: 'handbook',
  state,
  progress: {},
  error,
})

describe('jobs watch', () => {
  it('says once why work waits that was asked for [M3.cli-waits]', async () => {
    const error = { code: 'UNAVAILABLE', detail: 'The disk is full.', remedy: 'Free some.' }
    let looks = 0
    const cli = fakeIo(() => json(++looks < 4 ? job('queued', error) : job('succeeded')))
    expect(await cli.run('jobs', 'watch', 'job_1')).toBe(0)
    expect(looks).toBe(4)
    expect(cli.text.err.match(/The disk is full\.\n {2}mend: Free some\./g)).toHaveLength(1)
  })
})
