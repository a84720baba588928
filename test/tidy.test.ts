import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { undocumented } from './tidy/docstrings.ts'
import { unfitFunctions } from './tidy/functions.ts'
import { tenantTables, unscopedStatements } from './tidy/raw-sql.ts'
import { allFiles, codeFiles, isTest, root, textFiles, textOf } from './tidy/sources.ts'

const maxFileLines = 500
const maxSchemaLines = 600
const maxCommentColumns = 130
const bannedFolders = [
  'shared',
  'common',
  'utils',
  'helpers',
  'core',
  'lib',
  'services',
  'managers',
]
const requiredFiles = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE', '.ci/run'],
  ...['docs/README.md', 'docs/glossary.md', 'docs/errors.md', 'docs/operate/settings.md'],
  ...['docs/operate/running.md', 'test/requirements.ts', 'test/golden/schema.sql'],
  ...['src/main.ts', 'src/config.ts', 'src/data/ingest.ts', 'src/apps/answer/answer.ts'],
]

/** Inner loops of the search: called once per posting, where an options object would be an allocation each. */
const perPosting = ['lexical', 'merge', 'segment', 'top'].map((n) => `src/data/search/${n}.ts`)

/** Lines of files that match, as `file:line text`. */
function linesWith(pattern: RegExp, files: readonly string[]): string[] {
  return files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1} ${line.trim()}`] : [])),
  )
}

describe('every file', () => {
  it('is seen by these checks [HOUSE.tidy]', () => {
    expect(codeFiles.length).toBeGreaterThan(400)
    expect(codeFiles).toContain('src/main.ts')
    expect(codeFiles).toContain('console/src/main.tsx')
  })

  it(`has at most ${maxFileLines} lines, a schema ${maxSchemaLines} [HOUSE.tidy]`, () => {
    const counted = textFiles.filter((file) => /\.(ts|tsx|mts|mjs|css|sql|sh)$/.test(file))
    const long = counted.flatMap((file) => {
      const lines = textOf(file).split('\n').length - 1
      const limit = file.endsWith('.sql') ? maxSchemaLines : maxFileLines
      return lines > limit && !/\b(golden|generated)\//.test(file)
        ? [`${file} has ${lines} lines`]
        : []
    })
    expect(long).toEqual([])
  })

  it(`keeps comments within ${maxCommentColumns} columns; Biome keeps code within 100 [HOUSE.tidy]`, () => {
    const long = linesWith(new RegExp(`^.{${maxCommentColumns + 1},}$`), codeFiles)
    expect(long.filter((line) => /:\d+ (\*|\/\*|\/\/)/.test(line))).toEqual([])
  })

  it('stands in a folder whose name says what is in it [HOUSE.tidy]', () => {
    const inBanned = allFiles.filter((file) =>
      dirname(file)
        .split('/')
        .some((folder) => bannedFolders.includes(folder)),
    )
    const named = codeFiles.filter((file) => {
      const name = basename(file).replace(/\..*$/, '')
      return bannedFolders.includes(name)
    })
    expect([...inBanned, ...named]).toEqual([])
  })

  it('names no path of a machine [HOUSE.tidy]', () => {
    const files = textFiles.filter((file) => file !== 'test/tidy.test.ts')
    expect(linesWith(/(^|[\s'"`(=:])\/(work|root|home\/\w+)\//, files)).toEqual([])
  })

  it('leaves nothing for later without an owner [HOUSE.tidy]', () => {
    const files = codeFiles.filter((file) => file !== 'test/tidy.test.ts')
    expect(linesWith(/\b(TODO|FIXME|XXX|HACK)\b/, files)).toEqual([])
  })

  it('exists where others rely on it [HOUSE.tidy]', () => {
    expect(requiredFiles.filter((file) => !existsSync(`${root}/${file}`))).toEqual([])
  })
})

describe('every function', () => {
  it('is short, and takes few positional parameters [HOUSE.tidy]', () => {
    // AssemblyScript: its functions are called over a boundary that passes numbers only.
    const files = codeFiles.filter((file) => !file.startsWith('src/data/search/kernel/'))
    const unfit = files.flatMap(unfitFunctions)
    const excused = unfit.filter((line) => perPosting.some((file) => line.startsWith(file)))
    expect(unfit.filter((line) => !excused.includes(line))).toEqual([])
    // An exemption that nothing needs any more goes.
    expect(perPosting.filter((file) => !excused.some((line) => line.startsWith(file)))).toEqual([])
  })

  it('that a module offers has a docstring [HOUSE.tidy]', () => {
    expect(undocumented()).toEqual([])
  })
})

describe('production code', () => {
  const product = codeFiles.filter((file) => /^(src|sdk|console)\//.test(file) && !isTest(file))

  it('logs through its logger; only the command line writes to a terminal [HOUSE.tidy]', () => {
    const silent = product.filter((f) => !/^src\/(cli\/|main\.ts)|^console\/scripts\//.test(f))
    expect(linesWith(/\bconsole\.(log|info|warn|error|debug)\(/, silent)).toEqual([])
  })

  it('names the organization in every raw statement on its tables [M27.raw-sql-scope]', () => {
    const tables = tenantTables()
    expect(tables).toContain('document')
    const files = product.filter((f) => f.startsWith('src/') && f !== 'src/store/migrate.ts')
    expect(files.flatMap((file) => unscopedStatements(file, tables))).toEqual([])
  })
})

describe('tests', () => {
  it('all run [HOUSE.tidy]', () => {
    const files = codeFiles.filter((f) => f.endsWith('.test.ts') && f !== 'test/tidy.test.ts')
    expect(linesWith(/\b(it|test|describe)\.(only|skip|todo)\b/, files)).toEqual([])
  })
})

describe('packages', () => {
  const manifests = ['package.json', 'sdk/package.json', 'console/package.json']

  it('are pinned to one version [HOUSE.tidy]', () => {
    const loose = manifests.flatMap((file) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(textOf(file))
      const all: [string, string][] = Object.entries({ ...dependencies, ...devDependencies })
      return all
        .filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${file}: ${name} ${version}`)
    })
    expect(loose).toEqual([])
  })
})

describe('migrations', () => {
  it('are numbered without gaps [HOUSE.tidy]', () => {
    const numbers = allFiles
      .filter((file) => file.startsWith('src/store/migrations/'))
      .map((file) => Number(basename(file).slice(0, 4)))
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 1))
  })
})
