import { afterAll, describe, expect, it } from 'vitest'
import { parseResources } from '#store'
import { ResourceReader } from './resource-reader.ts'

const hostile = `kind: Prompt\nname: p\nspec: { system: [${'[],'.repeat(340_000)}] }\n`
const prompts = (n: number) =>
  Array.from({ length: n }, (_, i) => `kind: Prompt\nname: p${i}\nspec: { system: Be brief. }\n`)
const assistant = 'kind: Assistant\nname: a\nspec:\n  knowledgeBases: [gone]\n  route: r\n'

/** What can be seen of it, with the places of what is found wrong later. */
const seen = ({ resources, refused, problems }: ReturnType<typeof parseResources>) => ({
  problems,
  found: [...resources, ...refused].map(({ origin, ...rest }) => ({
    ...rest,
    file: origin.file,
    places: [[], ['name'], ['project'], ['spec', 'knowledgeBases', 0], ['spec', 'route']].map(
      origin.locate,
    ),
  })),
})

describe('Long files of resources', () => {
  const reader = new ResourceReader()
  afterAll(() => reader.close())

  it('leave the event loop free while they are read, whatever stands in them [M18.yaml-thread]', async () => {
    let done = false
    const read = reader.read({ file: 'hostile.yaml', text: hostile }).finally(() => {
      done = true
    })
    let turns = 0
    for (; !done; turns++) await new Promise((next) => setTimeout(next, 1))
    expect((await read).problems.length).toBeGreaterThan(0)
    expect(turns).toBeGreaterThan(20)
  })

  it('say the same as where they are short, with the same places [M18.yaml-thread]', async () => {
    for (const text of [
      prompts(300).join('---\n'),
      [...prompts(100), assistant, 'kind: Prompt\nname: p1\nspec: { sistem: x }\n', 'a: [\n'].join(
        '---\n',
      ),
    ]) {
      const file = { file: 'long.yaml', text }
      expect(text.length).toBeGreaterThan(4_096)
      expect(seen(await reader.read(file))).toEqual(seen(parseResources([file])))
    }
  })

  it('are given up when they take too long, and the next one is read [M18.yaml-thread]', async () => {
    const hasty = new ResourceReader({ limitMs: 1 })
    const refused = hasty.read({ file: 'hostile.yaml', text: hostile })
    await expect(refused).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await hasty.close()
    const next = await reader.read({ file: 'good.yaml', text: prompts(300).join('---\n') })
    expect(next.resources).toHaveLength(300)
  })
})
