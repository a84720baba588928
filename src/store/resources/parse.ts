import { Composer, type CST, type Document, LineCounter, type ParsedNode, Parser } from 'yaml'
import { limits, PlinthError, type Resource, type ResourceKind } from '#kernel'
import { checkResource, isKind, type Origin, problemAt, type ResourceProblem } from './check.ts'
import { referencesOf } from './references.ts'
import { keyOf, type LocatedValue, type Path, type Place, YamlReader } from './yaml-values.ts'

export interface ResourceFile {
  /** Shown in errors. */
  file: string
  /** YAML with one or more documents, or JSON. A document holds one resource or a list of them. */
  text: string
}

export type ParsedResource = Resource & { origin: Origin }

/** One of a known kind that is not valid, as it was written: its references can be looked at all the same. */
export interface RefusedResource {
  kind: ResourceKind
  name: string
  project: string
  spec: unknown
  origin: Origin
}

export interface ParsedResources {
  /** Everything valid. Apply nothing of it when there are problems. */
  resources: ParsedResource[]
  refused: RefusedResource[]
  problems: ResourceProblem[]
}

const maxProblems = 100

/**
 * Reads resources from files and validates them. Every finding of every file is returned at once, with file, line,
 * column, path and how to mend it. Never throws for what stands in a file.
 */
export function parseResources(files: readonly ResourceFile[]): ParsedResources {
  const out: ParsedResources = { resources: [], refused: [], problems: [] }
  for (const file of files) {
    if (out.problems.length >= maxProblems) break
    const inFile: ParsedResources = { resources: [], refused: [], problems: [] }
    readFile(file, inFile)
    inFile.problems.sort((a, b) => a.line - b.line || a.column - b.column)
    out.resources.push(...inFile.resources)
    out.refused.push(...inFile.refused)
    out.problems.push(...inFile.problems)
  }
  if (out.resources.length > limits.resourcesPerApply) {
    const detail = `There are ${out.resources.length} resources; the limit is ${limits.resourcesPerApply} (resourcesPerApply).`
    const origin = out.resources[limits.resourcesPerApply]?.origin
    out.problems.push(problemAt(origin, [], { detail, remedy: 'Apply them in several steps.' }))
  }
  findDuplicates(out)
  out.problems.splice(maxProblems)
  return out
}

interface PlainOrigin {
  file: string
  /** Of what may be found wrong after reading, when it is compared with what is stored. */
  places: Map<string, Place>
}
type Plain<T> = Omit<T, 'origin'> & { at: PlainOrigin }

/** What was read, without functions: it crosses the boundary of a thread. */
export interface PlainResources {
  resources: Plain<ParsedResource>[]
  refused: Plain<RefusedResource>[]
  problems: ResourceProblem[]
}

/** For `located` in another thread. */
export function plainly({ resources, refused, problems }: ParsedResources): PlainResources {
  return { resources: resources.map(plain), refused: refused.map(plain), problems }
}

function plain<T extends { kind: ResourceKind; spec: unknown; origin: Origin }>(one: T): Plain<T> {
  const { origin, ...rest } = one
  const paths: Path[] = [[], ['kind'], ['name'], ['project'], ['spec']]
  for (const { path } of referencesOf(one)) paths.push(path)
  const places = new Map(paths.map((path) => [keyOf(path), origin.locate(path)]))
  return { ...rest, at: { file: origin.file, places } }
}

/** What another thread read, with its places to be asked for again. */
export function located({ resources, refused, problems }: PlainResources): ParsedResources {
  return {
    resources: resources.map(withOrigin<ParsedResource>),
    refused: refused.map(withOrigin<RefusedResource>),
    problems,
  }
}

function withOrigin<T extends { origin: Origin }>({ at, ...rest }: Plain<T>): T {
  const locate = (path: Path): Place => {
    for (let length = path.length; length > 0; length--) {
      const place = at.places.get(keyOf(path.slice(0, length)))
      if (place) return place
    }
    return at.places.get('') ?? { line: 1, column: 1 }
  }
  return { ...rest, origin: { file: at.file, locate } } as unknown as T
}

/** The same for callers that want all or nothing. Throws INVALID_INPUT with all problems. */
export function parseResourcesStrictly(files: readonly ResourceFile[]): ParsedResource[] {
  const { resources, problems } = parseResources(files)
  throwProblems(problems)
  return resources
}

/** Throws INVALID_INPUT where there are problems: the first in `detail` and `where`, all in `problems`. */
export function throwProblems(problems: readonly ResourceProblem[]): void {
  const [first] = problems
  if (!first) return
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  throw new PlinthError('INVALID_INPUT', {
    detail: `${first.detail}${more}`,
    where: first.where,
    remedy: first.remedy,
    problems: problems.map(({ where, detail, remedy }) => ({ where, detail, remedy })),
  })
}

function readFile({ file, text }: ResourceFile, out: ParsedResources): void {
  const whole: Origin = { file, locate: () => ({ line: 1, column: 1 }) }
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.resourceYamlBytes) {
    const detail = `The file has ${bytes} bytes; the limit is ${limits.resourceYamlBytes} (resourceYamlBytes).`
    out.problems.push(problemAt(whole, [], { detail, remedy: 'Split it into several files.' }))
    return
  }
  const lines = new LineCounter()
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, keepSourceTokens: false })
  const tokens = untilManyErrors(new Parser(lines.addNewLine).parse(text))
  const documents = composer.compose(tokens, true, text.length)
  for (const document of documents) {
    if (out.resources.length >= limits.resourcesPerApply) {
      const detail = `There are more than ${limits.resourcesPerApply} resources (resourcesPerApply).`
      out.problems.push(problemAt(whole, [], { detail, remedy: 'Apply them in several steps.' }))
      return
    }
    if (out.problems.length >= maxProblems) return
    readDocument(document, { file, lines }, out)
  }
}

/** A file of a million braces is a million errors; the first say enough. */
function* untilManyErrors(tokens: Iterable<CST.Token>): Generator<CST.Token> {
  let errors = 0
  for (const token of tokens) {
    if (token.type === 'error' && ++errors > 20) return
    yield token
  }
}

function readDocument(
  document: Document.Parsed<ParsedNode>,
  from: { file: string; lines: LineCounter },
  out: ParsedResources,
): void {
  const syntax = syntaxProblems(document, from)
  if (syntax.length > 0) {
    out.problems.push(...syntax)
    return
  }
  if (document.contents === null) return
  const reader = new YamlReader(from.lines)
  const located = reader.read(document)
  for (const { at, path, detail, remedy } of reader.problems.slice(0, maxProblems)) {
    const origin = { file: from.file, locate: () => at }
    out.problems.push(problemAt(origin, path, { detail, remedy }))
  }
  if (reader.problems.length > 0) return
  if (Array.isArray(located.value)) {
    for (const [i, item] of located.value.entries()) {
      readResource(item, originOf(from.file, located, [i]), out)
    }
  } else if (located.value !== null) {
    readResource(located.value, originOf(from.file, located, []), out)
  }
}

function originOf(file: string, located: LocatedValue, base: Path): Origin {
  return { file, locate: (path) => located.locate([...base, ...path]) }
}

function readResource(value: unknown, origin: Origin, out: ParsedResources): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const detail = 'A resource is a mapping with "kind", "name" and "spec".'
    out.problems.push(problemAt(origin, [], { detail, remedy: 'Write those keys here.' }))
    return
  }
  const written = value as Record<string, unknown>
  const checked = checkResource(written, origin)
  if ('resource' in checked) {
    out.resources.push({ ...checked.resource, origin })
    return
  }
  out.problems.push(...checked.problems)
  const { kind, name, project = 'default', spec } = written
  if (isKind(kind) && typeof name === 'string' && typeof project === 'string') {
    out.refused.push({ kind, name, project, spec, origin })
  }
}

/** Syntax errors, unknown tags and other versions of YAML. The composer finds many after one; ten are enough. */
function syntaxProblems(
  document: Document.Parsed<ParsedNode>,
  { file, lines }: { file: string; lines: LineCounter },
): ResourceProblem[] {
  const errors = [...document.errors, ...document.warnings].slice(0, 10)
  const lineOf = (error: (typeof errors)[number]) => lines.linePos(error.pos[0]).line
  // What else is wrong with a line follows from the first.
  const first = errors.filter(
    (error, i) => errors.findIndex((e) => lineOf(e) === lineOf(error)) === i,
  )
  const found = first.map((error) => {
    const { line, col } = lines.linePos(error.pos[0])
    const origin = { file, locate: () => ({ line: Math.max(line, 1), column: Math.max(col, 1) }) }
    const deep = error.code === 'RESOURCE_EXHAUSTION'
    const detail = deep
      ? 'The document is nested too deeply.'
      : `This is not valid YAML: ${error.message}.`
    const remedy = deep
      ? 'Write it flatter; no resource needs that depth.'
      : 'Check indentation, colons and quotes from this line on.'
    return problemAt(origin, [], { detail: detail.replace(/\.\.$/, '.'), remedy })
  })
  const { version, explicit } = document.directives?.yaml ?? {}
  if (explicit && version !== '1.2' && found.length === 0) {
    const origin = { file, locate: () => ({ line: 1, column: 1 }) }
    const detail = `The document asks for YAML ${version}; resources are YAML 1.2.`
    found.push(problemAt(origin, [], { detail, remedy: 'Remove the %YAML line.' }))
  }
  return found
}

/** Two writers of one resource in one apply: neither order would be right. */
function findDuplicates(out: ParsedResources): void {
  const seen = new Map<string, ParsedResource>()
  for (const resource of out.resources) {
    const key = `${resource.kind}/${resource.name}`
    const first = seen.get(key)
    if (first) {
      const { line } = first.origin.locate(['kind'])
      out.problems.push(
        problemAt(resource.origin, ['name'], {
          detail: `${key} stands twice in what is applied; first in ${first.origin.file}:${line}.`,
          remedy: 'Remove one of the two, or give it another name.',
        }),
      )
    } else seen.set(key, resource)
  }
}
