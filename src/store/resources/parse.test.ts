import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits, PlinthError, type ResourceKind, resourceKinds } from '#kernel'
import { parseResources, parseResourcesStrictly } from './parse.ts'
import { toYaml } from './to-yaml.ts'

const problems = (text: string) => parseResources([{ file: 'a.yaml', text }]).problems
const first = (text: string) => {
  const [problem] = problems(text)
  return `${problem?.where} | ${problem?.detail} | ${problem?.remedy}`
}

describe('reading resources', () => {
  it('reads several documents, lists and JSON, with defaults filled in [M18.yaml-in]', () => {
    const { resources, problems } = parseResources([
      {
        file: 'a.yaml',
        text: 'kind: Prompt\nname: a\nspec: {system: hello}\n---\n# nothing\n---\n- kind: Route\n  name: b\n  spec:\n    models: [m]\n',
      },
      {
        file: 'b.json',
        text: '{\n\t"kind": "Prompt",\n\t"name": "c",\n\t"project": "p",\n\t"spec": {"system": "x"}\n}',
      },
    ])
    expect(problems).toEqual([])
    expect(resources.map(({ origin: _, ...resource }) => resource)).toEqual([
      { kind: 'Prompt', name: 'a', project: 'default', spec: { description: '', system: 'hello' } },
      { kind: 'Route', name: 'b', project: 'default', spec: { description: '', models: ['m'] } },
      { kind: 'Prompt', name: 'c', project: 'p', spec: { description: '', system: 'x' } },
    ])
  })

  it('names the line of the offending key, what is wrong and what was meant [M18.line-numbers]', () => {
    expect(first('# head\nkind: Route\nname: a\nspec:\n  models: [m]\n  desciption: x\n')).toBe(
      'a.yaml:6:3 spec.desciption | Unknown key "desciption" in spec. | Did you mean "description"? Known: description, models, candidates, strategy, objective, sticky, hedge, retries, timeouts, shadow, cache, guardrail.',
    )
    expect(first('kind: Asistant\nname: a\n')).toMatch(
      /^a\.yaml:1:1 kind \| There is no kind "Asistant"\. \| Did you mean "Assistant"\? Known: Know/,
    )
    expect(first('kind: Prompt\nname: a\nspec:\n  system:\n    - x\n')).toBe(
      'a.yaml:4:3 spec.system | spec.system is a list. | Write text: a line, or a block after "|".',
    )
    expect(first('kind: Prompt\nname: a\n---\nkind: Route\nname: b\nspec: {models: []}')).toMatch(
      /^a\.yaml:1:1 spec\.system \| spec\.system is missing/,
    )
    expect(first('kind: Prompt\nname: Not OK\nspec: {system: x}')).toMatch(
      /^a\.yaml:2:1 name \| The name is "Not OK"\. \| Use lower-case/,
    )
    expect(
      first(
        'kind: Provider\nname: a\nspec:\n  protocol: extractive\n  timeouts:\n    totalMs: 5\n',
      ),
    ).toMatch(/^a\.yaml:6:5 spec\.timeouts\.totalMs \| spec\.timeouts\.totalMs is 5: too small/)
    expect(first('kind: Role\nname: a\nspec:\n  permissions:\n    - audit.reed\n')).toMatch(
      /^a\.yaml:5:7 spec\.permissions\[0\] .*Did you mean "audit\.read"\?/,
    )
  })

  it('says what belongs there, by the kind that is referred to and by what was given [M18.remedies]', () => {
    const remedies = problems(
      'kind: Assistant\nname: a\nspec:\n  knowledgeBases: claims\n  route: 5\n  prompt: [p]\n',
    ).map(({ remedy }) => remedy)
    expect(remedies.sort()).toEqual([
      'Write a list of names, each of a KnowledgeBase: [claims].',
      'Write the name of a Guardrail.',
      'Write the name of a Prompt.',
      'Write the name of a Route.',
    ])
    expect(first('kind: Prompt\nname: a\nspec: {system: 7}\n')).toContain(
      'spec.system is 7. | Write text, in quotes: "7".',
    )
  })

  it('tells one syntax error of a line once, not what follows from it [M18.line-numbers]', () => {
    const text = 'kind: Prompt\nname: a\nspec:\n  system: x\n  colour: blue\n    more: y\n'
    expect(problems(text).map(({ line }) => line)).toEqual([5])
  })

  it('reports all problems of all files at once [M18.all-problems]', () => {
    const bad = 'kind: Prompt\nname: a\nspec: {sistem: x, other: 1}\n---\nkind: Nope\nname: b\n'
    const found = parseResources([
      { file: 'a.yaml', text: bad },
      { file: 'b.yaml', text: 'kind: [' },
    ])
    expect(found.problems.map((p) => `${p.file}:${p.line}`)).toEqual([
      'a.yaml:3',
      'a.yaml:3',
      'a.yaml:3',
      'a.yaml:5',
      'b.yaml:1',
    ])
    try {
      parseResourcesStrictly([{ file: 'a.yaml', text: bad }])
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(PlinthError)
      expect((error as PlinthError).problems).toHaveLength(4)
      expect((error as PlinthError).message).toContain('(and 3 more)')
    }
  })

  it('refuses duplicate keys, duplicate resources, merge keys, tags and other YAML [M18.strict-yaml]', () => {
    expect(first('kind: Prompt\nname: a\nspec:\n  system: x\n  system: y\n')).toMatch(
      /^a\.yaml:5:3 spec\.system \| The key "system" stands twice/,
    )
    const twice = 'kind: Prompt\nname: a\nspec: {system: x}\n'
    expect(first(`${twice}---\n${twice}`)).toMatch(
      /^a\.yaml:6:1 name \| Prompt\/a stands twice .* first in a\.yaml:1/,
    )
    expect(first('kind: Prompt\nname: a\nspec: {<<: {system: x}}')).toContain('Merge keys')
    expect(first('kind: Prompt\nname: a\nspec: {system: !!js/function x}')).toContain('tag')
    expect(first('%YAML 1.1\n---\nkind: Prompt\nname: a\nspec: {system: x}')).toContain('YAML 1.1')
    expect(first('kind: Prompt\nname: a\nspec: {system: x, __proto__: {a: 1}}')).toContain(
      '__proto__',
    )
    expect(first('{"kind":"Prompt","name":"a","spec":{"system":"\\u0000"}}')).toContain('NUL')
    expect(first('{"kind":"Prompt","name":"a","spec":{"system":"\\ud800"}}')).toContain('surrogate')
    expect(first('kind: Model\nname: a\nspec: {contextTokens: .nan}')).toContain('.nan')
    expect(first('kind: Model\nname: a\nspec: {contextTokens: 12345678901234567890}')).toContain(
      'too large',
    )
    expect(first('just text')).toContain('A resource is a mapping')
  })

  it('refuses bombs quickly: aliases, depth, sizes, thousands of keys and errors [M18.yaml-bombs]', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(',')}]`
    const bomb = [
      level('a', 'x'),
      level('b', '*a'),
      level('c', '*b'),
      level('d', '*c'),
      level('e', '*d'),
      level('f', '*e'),
    ].join('\n')
    expect(first(bomb)).toContain('more than 100000 values')
    expect(first('a: &a [*a]')).toContain('inside what it names')
    expect(first(`a: &x 1\nb: [${'*x,'.repeat(5000)}]`)).toContain('more than 200 aliases')
    expect(first('['.repeat(50_000))).toContain('nested too deeply')
    expect(first(`a: ${'['.repeat(40)}${']'.repeat(40)}`)).toContain('more than 32 levels')
    expect(first('x'.repeat(limits.resourceYamlBytes + 1))).toContain('resourceYamlBytes')
    const started = process.cpuUsage()
    expect(problems(Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n'))).toHaveLength(
      100,
    )
    expect(problems('}'.repeat(1_000_000)).length).toBeGreaterThan(0)
    // A quadratic check of keys takes 48 s here; linear ones take about one.
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000)
  })

  it('shares an aliased value within the limits [M18.yaml-in]', () => {
    const text = 'kind: Route\nname: a\nspec:\n  models: &m [x, y]\n---\n'
    expect(problems(text)).toEqual([])
    const [kb] = parseResourcesStrictly([
      {
        file: 'a',
        text: 'kind: Source\nname: s\nspec:\n  knowledgeBase: k\n  upload: {}\n  readers: &r [everyone]\n  access: [{path: "x", readers: *r}]\n',
      },
    ])
    expect(kb?.spec).toMatchObject({ access: [{ path: 'x', readers: ['everyone'] }] })
  })

  it('never throws, whatever the text [M18.yaml-in]', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'kind: Prompt\n',
        'name: a\n',
        'spec:\n',
        '  system: |\n',
        '---\n',
        '&a ',
        '*a',
      ),
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        ':',
        '- ',
        '"',
        "'",
        '\t',
        '\r\n',
        '<<: ',
        '? ',
        '!!str ',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { problems } = parseResources([{ file: 'f', text: pieces.join('') }])
        for (const problem of problems) expect(problem.line).toBeGreaterThan(0)
      }),
      { numRuns: 400 },
    )
  })
})

describe('writing YAML', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((s) => s.isWellFormed())
  const clean = text.map((s) => s.replaceAll('\0', ''))

  it('is read back as the same resource [M18.yaml-roundtrip]', () => {
    fc.assert(
      fc.property(
        clean,
        fc.dictionary(clean, fc.oneof(clean, fc.boolean(), fc.integer()), { maxKeys: 5 }),
        fc.constantFrom('Prompt', 'Source'),
        (system, metadata, kind) => {
          if (Object.hasOwn(metadata, '__proto__') || Object.hasOwn(metadata, '<<')) return
          const raw =
            kind === 'Prompt'
              ? { system, description: system }
              : { knowledgeBase: 'k', upload: {}, description: system, metadata }
          const spec = resourceKinds[kind as ResourceKind].parse(raw)
          const written = { kind, name: 'n', project: 'p', spec }
          const [read] = parseResourcesStrictly([{ file: 'f', text: toYaml(written) }])
          const { origin: _, ...resource } = read!
          expect(resource).toEqual(written)
          expect(toYaml(resource)).toBe(toYaml(written))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('writes keys in the order of the schema, whatever order they came in [M18.yaml-roundtrip]', () => {
    const spec = { system: 'x', description: 'd' }
    expect(toYaml({ kind: 'Prompt', name: 'a', project: 'default', spec })).toBe(
      'kind: Prompt\nname: a\nproject: default\nspec:\n  description: d\n  system: x\n',
    )
  })
})
