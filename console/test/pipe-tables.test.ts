import { describe, expect, it } from 'vitest'
import { markClose, markOpen, withTables } from '../src/components/pipe-tables.ts'

const { evidence } = markOpen

describe('withTables', () => {
  it('makes a table of quoted table rows and leaves sentences alone [M40.table-in-viewer]', () => {
    expect(withTables('See here: [1]\nCase | Covered [1]\nPipe | Yes [1]\nThat is all.')).toBe(
      'See here: [1]\n\n| Case | Covered [1] |\n| --- | --- |\n| Pipe | Yes [1] |\n\nThat is all.',
    )
  })

  it('leaves one line with a bar, and a table that is one already', () => {
    expect(withTables('a | b is a union')).toBe('a | b is a union')
    const markdown = '| a | b |\n| --- | --- |\n| 1 | 2 |'
    expect(withTables(markdown)).toBe(markdown)
  })

  it('gives a mark that begins at a border to the cell behind it', () => {
    const marked = `Covered? ${evidence}| Remark${markClose}`
    expect(withTables(`${marked}\nYes | none`)).toContain(
      `| Covered? | ${evidence}Remark${markClose} |`,
    )
  })

  it('closes a mark at each border and opens it again', () => {
    const marked = `${evidence}Pipe | Yes${markClose} [1]`
    expect(withTables(`Case | Covered\n${marked}`)).toContain(
      `| ${evidence}Pipe${markClose} | ${evidence}Yes${markClose} [1] |`,
    )
  })
})
