import { writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settings } from '#config'
import { allPermissions, errorTable } from '#kernel'
import { allFiles, root, textOf } from './tidy/sources.ts'

const pages = allFiles.filter((file) => file.endsWith('.md') && /^(docs\/|[^/]+$)/.test(file))
const settingsPage = 'docs/operate/settings.md'

describe('the documentation', () => {
  it('explains every error code, with cause, remedy and example, and no other [HOUSE.docs]', () => {
    const sections = textOf('docs/errors.md').split(/^### /m).slice(1)
    const explained = new Map(sections.map((text) => [/^`(\w+)`/.exec(text)?.[1], text]))
    expect([...explained.keys()].sort()).toEqual(Object.keys(errorTable).sort())
    for (const [code, row] of Object.entries(errorTable)) {
      const text = explained.get(code) ?? ''
      expect(text, code).toContain(`Status ${row.status}.`)
      for (const part of ['**Cause:**', '**Remedy:**', '**Example:**']) {
        expect(text, code).toContain(part)
      }
    }
  })

  it('lists every setting with its default, unit and reason [HOUSE.docs]', () => {
    const text = textOf(settingsPage)
    const rows = text.match(/^\| `\w+` .*$/gm) ?? []
    const wanted = settingRows()
    if (process.env.UPDATE_GOLDEN === '1') {
      writeFileSync(`${root}/${settingsPage}`, text.replace(rows.join('\n'), wanted.join('\n')))
    } else expect(rows).toEqual(wanted)
  })

  it('lists every permission [HOUSE.docs]', () => {
    const listed = [...textOf('docs/security/access.md').matchAll(/^\| `(\w+\.\w+)` \|/gm)]
    expect(listed.map(([, name]) => name).sort()).toEqual([...allPermissions].sort())
  })

  it('draws the architecture with files that exist [HOUSE.docs]', () => {
    const named = textOf('ARCHITECTURE.md').match(/[\w./-]+\.(ts|mjs)\b/g) ?? []
    const places = ['', 'src/', 'src/apps/answer/', 'src/apps/gateway/', 'src/data/']
    const missing = named.filter((file) => !places.some((p) => allFiles.includes(`${p}${file}`)))
    expect(named.length).toBeGreaterThan(40)
    expect(missing).toEqual([])
  })

  it('can be reached from its index, and no link of it leads nowhere [HOUSE.docs]', () => {
    const broken: string[] = []
    const links = new Map(pages.map((page) => [page, linksOf(page, broken)]))
    const reached = new Set<string>()
    const visit = (page: string): void => {
      if (reached.has(page)) return
      reached.add(page)
      for (const target of links.get(page) ?? []) visit(target)
    }
    visit('docs/README.md')
    const docs = pages.filter((page) => page.startsWith('docs/'))
    expect(docs.filter((page) => !reached.has(page))).toEqual([])
    expect(broken).toEqual([])
  })
})

function settingRows(): string[] {
  return Object.entries(settings).map(([name, { default: value, unit, reason }]) => {
    // The one default that depends on the machine.
    const shown = name === 'PLINTH_PARSERS' ? 'cores, at most 4' : value && `\`${value}\``
    const text = reason.replace(/<data>[\w./]*/g, '`$&`')
    return `| \`${name}\` | ${shown || '(empty)'} | ${unit} | ${text} |`
  })
}

/** Pages that a page links to; what does not exist, file or heading, is added to `broken`. */
function linksOf(page: string, broken: string[]): string[] {
  const text = textOf(page).replace(/^```[\s\S]*?^```/gm, '')
  const targets: string[] = []
  for (const [, link = ''] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
    const [path = '', heading] = link.split('#')
    const target = path === '' ? page : posix.join(posix.dirname(page), path)
    const exists = allFiles.some((file) => file === target || file.startsWith(`${target}/`))
    if (!exists) broken.push(`${page}: ${link}`)
    else if (heading && !headingsOf(target).includes(heading)) broken.push(`${page}: ${link}`)
    if (target.endsWith('.md')) targets.push(target)
  }
  return targets
}

/** Anchors as GitHub makes them. */
function headingsOf(page: string): string[] {
  const headings = textOf(page).match(/^#{1,6} .*$/gm) ?? []
  return headings.map((line) =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
