import { expect, it } from 'vitest'
import { nextTurn } from './turns.ts'

it('gives many that wait a turn of the event loop each, in order [M32.turns]', async () => {
  let turn = 0
  let counting = true
  const count = () => {
    turn++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  const seen: [number, number][] = []
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      await nextTurn()
      seen.push([i, turn])
    }),
  )
  counting = false
  expect(seen.map(([i]) => i)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(new Set(seen.map(([, at]) => at)).size).toBe(20)
})
