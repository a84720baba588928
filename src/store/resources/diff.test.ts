import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffLines, diffText } from './diff.ts'

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 40 })

describe('the difference of two texts', () => {
  it('holds both sides in order, and is empty only when they are equal [M18.diff]', () => {
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const diff = diffLines(from, to)
        const side = (other: string) => diff.filter((l) => l.kind !== other).map((l) => l.text)
        expect(side('added')).toEqual(from)
        expect(side('removed')).toEqual(to)
      }),
      { numRuns: 500 },
    )
  })

  it('removes and adds no more than the shortest way needs [M18.diff]', () => {
    const longestCommon = (a: string[], b: string[]): number => {
      const rows = Array.from({ length: a.length + 1 }, () =>
        new Array<number>(b.length + 1).fill(0),
      )
      for (let i = 1; i <= a.length; i++) {
        for (let j = 1; j <= b.length; j++) {
          rows[i]![j] =
            a[i - 1] === b[j - 1]
              ? rows[i - 1]![j - 1]! + 1
              : Math.max(rows[i - 1]![j]!, rows[i]![j - 1]!)
        }
      }
      return rows[a.length]![b.length]!
    }
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const same = diffLines(from, to).filter((l) => l.kind === 'same').length
        expect(same).toBe(longestCommon(from, to))
      }),
    )
  })

  it('gives hunks that a patch could be applied from [M18.diff]', () => {
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const { hunks, added, removed } = diffText(
          from.map((l) => `${l}\n`).join(''),
          to.map((l) => `${l}\n`).join(''),
        )
        const out: string[] = []
        let next = 0
        for (const hunk of hunks) {
          const start = hunk.fromLines === 0 ? hunk.fromLine : hunk.fromLine - 1
          out.push(...from.slice(next, start))
          const kept = hunk.lines.filter((l) => l.kind !== 'added').map((l) => l.text)
          expect(from.slice(start, start + hunk.fromLines)).toEqual(kept)
          out.push(...hunk.lines.filter((l) => l.kind !== 'removed').map((l) => l.text))
          next = start + hunk.fromLines
        }
        out.push(...from.slice(next))
        expect(out).toEqual(to)
        expect(added - removed).toBe(to.length - from.length)
      }),
      { numRuns: 300 },
    )
  })

  it('prints as diff -u does, and replaces what differs too much [M18.diff]', () => {
    expect(diffText('a\nb\nc\n', 'a\nx\nc\n', { from: 'old', to: 'new' }).unified).toBe(
      '--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n',
    )
    const many = (word: string) => Array.from({ length: 5_000 }, (_, i) => `${word}${i}`)
    expect(diffLines(many('a'), many('b'))).toHaveLength(10_000)
  })
})
