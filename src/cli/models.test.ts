import { describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { fakeIo } from './io.fixture.ts'

describe('models pull', () => {
  it('says the way without a network where the hub is out of reach [M28.cli-errors]', async () => {
    const pull = async () => {
      throw new PlinthError('UPSTREAM_FAILED', 'hub.test could not be used: no such name.')
    }
    const cli = fakeIo(() => undefined, { local: async () => ({ models: { pull } }) as never })
    expect(await cli.run('models', 'pull', 'some-model')).toBeGreaterThan(0)
    expect(cli.text.err).toContain('hub.test could not be used')
    expect(cli.text.err).toMatch(/--hub, .* plinth models add some-model PATH/)
  })
})
