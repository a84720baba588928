import { expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { signingTrouble } from './foundation.ts'

it('What the log says of signing: tells an outage from a log that is refused [M28.signer-outage]', () => {
  const away = signingTrouble(new PlinthError('UNAVAILABLE', 'The database cannot be reached.'))
  expect(away.level).toBe('warn')
  expect(away.message).not.toContain('refused')
  expect(away.message).toContain('The database cannot be reached.')
  const forged = signingTrouble(new PlinthError('INTEGRITY', 'An event was edited.'))
  expect(forged).toEqual({
    level: 'error',
    message: 'audit checkpoint refused: An event was edited.',
  })
})
