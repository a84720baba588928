import { describe, expect, it } from 'vitest'
import { forecastOf } from './standing.ts'

describe('the forecast of a budget', () => {
  const window = { start: 0, end: 1_000 }

  it('goes on at the pace so far, and says when the limit is reached [M26.budget-forecast]', () => {
    expect(forecastOf({ spent: 20, limit: 100 }, window, 500)).toEqual({ atEnd: 40 })
    expect(forecastOf({ spent: 80, limit: 100 }, window, 500)).toEqual({
      atEnd: 160,
      reachedAt: 625,
    })
    expect(forecastOf({ spent: 120, limit: 100 }, window, 600)).toEqual({
      atEnd: 200,
      reachedAt: 500,
    })
  })

  it('is none while there is no pace: nothing spent, or the window has only begun [M26.budget-forecast]', () => {
    expect(forecastOf({ spent: 0, limit: 100 }, window, 500)).toBeUndefined()
    expect(forecastOf({ spent: 5, limit: 100 }, window, 10)).toBeUndefined()
  })
})
