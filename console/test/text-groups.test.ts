import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxesOnPage, pageOf } from '../src/viewer/boxes.ts'
import { cellsOf, groupsOf, partsOf } from '../src/viewer/text-groups.ts'

const span = fc
  .tuple(fc.nat(60), fc.nat(60))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))

describe('partsOf', () => {
  it('cuts a piece without losing, doubling or moving a character [M40.marked-passage]', () => {
    fc.assert(
      fc.property(span, fc.array(span, { maxLength: 4 }), (piece, cited) => {
        const parts = partsOf(piece, cited)
        let at = piece.start
        for (const part of parts) {
          expect(part.start).toBe(at)
          for (let offset = part.start; offset < part.end; offset++) {
            const inside = cited.some(({ start, end }) => offset >= start && offset < end)
            expect(part.marked).toBe(inside)
          }
          at = part.end
        }
        expect(at).toBe(piece.end)
      }),
    )
  })
})

describe('groupsOf', () => {
  it('keeps every block once and in order, and a table below its header [M40.table-in-viewer]', () => {
    const rows = Array.from({ length: 95 }, (_, at) => `a${at} | b${at}`)
    const lines = ['Title', 'x | y', ...rows, 'after']
    let at = 0
    const blocks = lines.map((line, index) => {
      const start = at
      at += line.length + 1
      const kind = index === 0 ? 'heading' : index === 1 ? 'table-header' : 'table-row'
      const last = index === lines.length - 1
      const where = { start, end: start + line.length }
      if (index === 0 || last) return { ...where, kind: last ? 'paragraph' : kind } as const
      return { ...where, kind, table: 7 } as const
    })
    const groups = groupsOf({ text: lines.join('\n'), blocks })
    const tables = groups.filter((group) => group.kind === 'table')
    expect(tables.flatMap((group) => group.rows)).toEqual(blocks.slice(2, -1))
    expect(tables.every((group) => group.header === blocks[1])).toBe(true)
    expect(tables.length).toBeGreaterThan(1)
    expect(groups.map(({ start }) => start)).toEqual(
      groups.map(({ start }) => start).sort((a, b) => a - b),
    )
  })

  it('never lets a heading stand more than one level below the one before [M40.viewer-headings]', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 30 }), (levels) => {
        const blocks = levels.map((level, at) => ({
          ...{ kind: 'heading' as const, level, start: at, end: at + 1 },
        }))
        let before = 0
        for (const group of groupsOf({ text: 'x'.repeat(levels.length), blocks })) {
          const depth = group.kind === 'block' ? group.depth : 0
          expect(depth).toBeLessThanOrEqual(before + 1)
          expect(depth).toBeGreaterThanOrEqual(1)
          before = depth
        }
      }),
    )
  })

  it('makes paragraphs of a text without blocks', () => {
    const text = 'one\ntwo\n\n\nthree  '
    const groups = groupsOf({ text, blocks: [] })
    expect(groups.map(({ start, end }) => text.slice(start, end))).toEqual(['one\ntwo', 'three  '])
  })
})

describe('cellsOf', () => {
  it('finds each cell at its place in the stored text [M40.table-in-viewer]', () => {
    const text = 'before\na |  | c | d'
    const cells = cellsOf(text, { start: 7, end: text.length })
    expect(cells.map(({ start, end }) => text.slice(start, end))).toEqual(['a', '', 'c', 'd'])
    const trimmed = 'Police reference |'
    const two = cellsOf(trimmed, { start: 0, end: trimmed.length })
    expect(two.map(({ start, end }) => trimmed.slice(start, end))).toEqual(['Police reference', ''])
  })
})

describe('boxesOnPage', () => {
  const line = { page: 2, start: 100, end: 200, x: 50, y: 10, width: 400, height: 12 }
  const next = { ...line, start: 201, end: 301, y: 24 }

  it('marks whole lines inside the passage and parts of its first and last [M40.marked-passage]', () => {
    const boxes = boxesOnPage([line, next], 2, { start: 150, end: 226 })
    expect(boxes).toEqual([
      { x: 250, y: 10, width: 200, height: 12 },
      { x: 50, y: 24, width: 100, height: 12 },
    ])
  })

  it('marks nothing on another page, and knows the passage’s page', () => {
    expect(boxesOnPage([line], 1, { start: 150, end: 160 })).toEqual([])
    expect(pageOf([line], { start: 150, end: 160 })).toBe(2)
    expect(pageOf([line], { start: 1, end: 5 })).toBeUndefined()
  })
})
