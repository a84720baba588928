import { describe, expect, it } from 'vitest'
import { sinceText, timeLeftText } from '../src/data/format.ts'
import { placeholdersIn } from '../src/data/placeholders.ts'
import { linesOf } from '../src/screens/activity/waterfall.ts'
import { distinctCitations, exchangesOf } from '../src/screens/ask/exchanges.ts'
import type { Turn } from '../src/screens/ask/turns.ts'
import { placeOf } from '../src/screens/resources/line-problems.ts'
import * as search from '../src/search-params.ts'

const bare = { start: 0, end: 2, support: 0.1 }

const message = (id: string, role: 'user' | 'assistant', traceId: string | null = null) => ({
  ...{ id, role, content: id, outcome: role === 'user' ? null : ('answered' as const) },
  ...{
    citations: [],
    unsupported: role === 'user' ? [] : [bare],
    traceId,
    rating: null,
    createdAt: '2026-01-01T00:00:00Z',
  },
})

const conversation = (...messages: ReturnType<typeof message>[]) => ({
  ...{ id: 'c', title: 't', assistant: 'a', messageCount: messages.length, messages },
  ...{ createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' },
})

const running: Turn = {
  ...{ key: 'k', question: 'q2', assistant: 'a', conversationId: 'c', phase: 'running' },
  ...{ step: 'retrieve', note: null, passages: null, text: '', citations: [], unsupported: [] },
  ...{ answer: null, problem: null, startedAt: '2026-01-01T00:00:00Z' },
}

describe('exchangesOf', () => {
  it('shows a stored question once while its answer is still arriving [M40.no-double]', () => {
    const stored = conversation(message('q1', 'user'), message('a1', 'assistant', 't1'))
    expect(exchangesOf(stored, [running]).map(({ question }) => question)).toEqual(['q1', 'q2'])
    const later = conversation(...stored.messages, message('q2', 'user'))
    expect(exchangesOf(later, [running]).map(({ question }) => question)).toEqual(['q1', 'q2'])
  })

  it('shows an answer once when the server has stored it', () => {
    const answer = { traceId: 't2', messageId: 'a2', unsupported: [bare] }
    const done = { ...running, phase: 'done', answer } as unknown as Turn
    const stored = conversation(message('q2', 'user'), message('a2', 'assistant', 't2'))
    const [only, ...others] = exchangesOf(stored, [done])
    expect(others).toEqual([])
    expect(only?.unsupported).toHaveLength(1)
  })

  it('keeps the marks of a conversation that is opened again [M19.marks-kept]', () => {
    const stored = conversation(message('q1', 'user'), message('a1', 'assistant', 't1'))
    expect(exchangesOf(stored, [])[0]?.unsupported).toEqual([bare])
  })

  it('keeps a question that was never answered', () => {
    expect(exchangesOf(conversation(message('q1', 'user')), [])[0]?.outcome).toBe('cancelled')
  })
})

describe('the address of a page', () => {
  it('keeps what fits and drops what does not, without refusing the page [M40.deep-links]', () => {
    expect(search.ask({ cite: '3', message: 'm', junk: 1 })).toEqual({ cite: 3, message: 'm' })
    expect(search.ask({ cite: 'x' })).toEqual({})
    expect(search.documents({ state: 'gone', search: 2026 })).toEqual({ search: '2026' })
    expect(search.bench({ weight: 1.5, q: '' })).toEqual({})
    expect(search.resources({ kind: 'Role' })).toEqual({ kind: 'Role' })
  })
})

describe('small readings', () => {
  it('finds the line in every way a problem names it [M40.yaml-lines]', () => {
    expect(placeOf('input.yaml:7:3')).toEqual({ line: 7, column: 3 })
    expect(placeOf('input.yaml:7')).toEqual({ line: 7, column: undefined })
    expect(placeOf('document 2, line 12, column 4')).toEqual({ line: 12, column: 4 })
    expect(placeOf('spec.groundTokens')).toEqual({ line: undefined, column: undefined })
  })

  it('finds each placeholder of masked data once', () => {
    expect(placeholdersIn('call <PHONE_1> or <EMAIL_2>, <PHONE_1>; <b> <US_SSN_3>')).toEqual([
      '<PHONE_1>',
      '<EMAIL_2>',
      '<US_SSN_3>',
    ])
  })

  it('says times as people do', () => {
    const now = Date.parse('2026-01-01T12:00:00Z')
    expect(sinceText('2026-01-01T11:59:55Z', now)).toBe('now')
    expect(sinceText('2026-01-01T11:57:00Z', now)).toBe('3 min. ago')
    expect(timeLeftText(18)).toBe('18 s')
    expect(timeLeftText(600)).toBe('10 min')
  })

  it('gives one citation per number', () => {
    const cite = (number: number, sentenceStart: number) => ({ number, sentenceStart }) as never
    expect(distinctCitations([cite(2, 0), cite(1, 9), cite(2, 20)])).toEqual([
      cite(1, 9),
      cite(2, 0),
    ])
  })

  it('lays spans out within the whole, children below their parent', () => {
    const span = (name: string, startMs: number, durationMs: number, children: never[] = []) =>
      ({ name, startMs, durationMs, status: 'ok', attributes: {}, children }) as never
    const lines = linesOf([span('b', 6, 9), span('a', 0, 5, [span('a1', 1, 2)] as never)], 10)
    expect(lines.map(({ span: { name }, depth }) => [name, depth])).toEqual([
      ['a', 0],
      ['a1', 1],
      ['b', 0],
    ])
    for (const { left, width } of lines) expect(left + width).toBeLessThanOrEqual(1)
  })
})
