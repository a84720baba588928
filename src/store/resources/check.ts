import type { z } from 'zod'
import {
  type ErrorProblem,
  limits,
  type Resource,
  type ResourceKind,
  resourceKinds,
  resourceName,
} from '#kernel'
import { referredKind } from './references.ts'
import { keysAt } from './schema-walk.ts'
import { suggestion } from './suggest.ts'
import type { Path, Place } from './yaml-values.ts'

export const kindNames = Object.keys(resourceKinds) as ResourceKind[]

/** Where a resource was written, for errors that point at the line. */
export interface Origin {
  /** File name, or a word such as `request`. */
  file: string
  /** The place of the key or item at a path of the resource, or of the nearest one above it. */
  locate(path: Path): Place
}

/** A finding in a resource that somebody wrote. Lines and columns count from 1. */
export interface ResourceProblem extends ErrorProblem {
  file: string
  line: number
  column: number
  /** `spec.models[0]`; empty for the whole document. */
  path: string
}

/** A resource as anybody may send it: nothing about it is known yet. */
export interface ResourceInput {
  kind: unknown
  name: unknown
  project?: unknown
  spec?: unknown
  origin?: Origin
}

export type Checked = { resource: Resource; problems: [] } | { problems: ResourceProblem[] }

const nowhere: Origin = { file: 'request', locate: () => ({ line: 1, column: 1 }) }

/** A finding at a path, with file, line and column from the origin. */
export function problemAt(
  origin: Origin | undefined,
  path: Path,
  words: { detail: string; remedy: string },
): ResourceProblem {
  const { file, locate } = origin ?? nowhere
  const { line, column } = locate(path)
  const text = pathText(path)
  const where = `${file}:${line}:${column}${text ? ` ${text}` : ''}`
  return { file, line, column, path: text, where, ...words }
}

/** `spec.models[0]` */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text ? `.${step}` : step
  return text
}

const envelopeKeys = ['kind', 'name', 'project', 'spec']

/** Validates one resource and fills in defaults. All findings are returned, none is thrown. */
export function checkResource(input: Record<string, unknown>, origin?: Origin): Checked {
  const problems: ResourceProblem[] = []
  const report = (path: Path, detail: string, remedy: string) =>
    problems.push(problemAt(origin, path, { detail, remedy }))
  for (const key of Object.keys(input)) {
    if (!envelopeKeys.includes(key)) {
      report([key], `Unknown key "${key}".`, suggestion(key, envelopeKeys))
    }
  }
  const { kind, name, project = 'default' } = input
  if (!isKind(kind)) {
    report(['kind'], kindDetail(kind), suggestion(String(kind ?? ''), kindNames))
  }
  for (const [key, value] of [
    ['name', name],
    ['project', project],
  ] as const) {
    const result = resourceName.safeParse(value)
    if (result.success) continue
    const detail = value === undefined ? `"${key}" is missing.` : `The ${key} is ${shown(value)}.`
    report([key], detail, 'Use lower-case letters, digits, "-" and ".", at most 63 characters.')
  }
  if (!isKind(kind)) return { problems }
  problems.push(...checkText(input.spec ?? {}, origin))
  if (problems.length > 0 && problems.some((p) => p.path.startsWith('spec'))) return { problems }
  const schema = resourceKinds[kind]
  const parsed = schema.safeParse(input.spec ?? {})
  if (!parsed.success) {
    const raw = input.spec ?? {}
    for (const issue of parsed.error.issues) {
      for (const found of findings(issue, { kind, schema, raw })) {
        const path = ['spec', ...(found.path as (string | number)[])]
        problems.push(problemAt(origin, path, found))
      }
    }
  }
  if (problems.length > 0 || !parsed.success) return { problems }
  const resource = { kind, name, project, spec: parsed.data } as Resource
  return { resource, problems: [] }
}

export function isKind(value: unknown): value is ResourceKind {
  return typeof value === 'string' && Object.hasOwn(resourceKinds, value)
}

function kindDetail(kind: unknown): string {
  if (kind === undefined) return '"kind" is missing.'
  return `There is no kind ${shown(kind)}.`
}

interface Finding {
  path: PropertyKey[]
  detail: string
  remedy: string
}

interface Looked {
  kind: ResourceKind
  schema: z.ZodType
  raw: unknown
}

function findings(issue: z.core.$ZodIssue, at: Looked): Finding[] {
  const text = pathText(['spec', ...(issue.path as (string | number)[])])
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      detail: `Unknown key "${key}" in ${text}.`,
      remedy: suggestion(key, keysAt(at.schema, issue.path)),
    }))
  }
  const value = valueAt(at.raw, issue.path)
  if (value === undefined && issue.path.length > 0) {
    return [{ path: issue.path, detail: `${text} is missing.`, remedy: expected(issue, at) }]
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String)
    const detail = `${text} is ${shown(value)}; that is not one of its values.`
    return [{ path: issue.path, detail, remedy: suggestion(String(value), known) }]
  }
  if (issue.code === 'invalid_type') {
    const detail = `${text} is ${shown(value)}.`
    return [{ path: issue.path, detail, remedy: expected(issue, at, value) }]
  }
  const detail = `${text}${value === undefined || typeof value === 'object' ? '' : ` is ${shown(value)}`}: ${plain(issue.message)}.`
  return [
    { path: issue.path, detail, remedy: 'Correct the value; docs/use/resources.md has each.' },
  ]
}

/** Findings read on after a colon: zod's sentences without their capital and stop. */
function plain(message: string): string {
  const text = message.replace(/\.$/, '')
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

const typeWords: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
}

/** What belongs at a place, and how it is written where the value given shows what was meant. */
function expected(issue: z.core.$ZodIssue, { kind, schema }: Looked, value?: unknown): string {
  if (issue.code === 'invalid_value') return `Write one of: ${issue.values.map(String).join(', ')}.`
  if (issue.code !== 'invalid_type') return 'Add it; docs/use/resources.md has each key.'
  const named = referredKind(kind, issue.path)
  const scalar = value !== undefined && (value === null || typeof value !== 'object')
  if (issue.expected === 'array') {
    const example = scalar ? `[${value}]` : named ? '[name-of-one]' : ''
    const what = named ? `a list of names, each of a ${named}` : 'a list'
    return `Write ${what}${example && `: ${example}`}.`
  }
  if (issue.expected === 'string') {
    if (named) return `Write the name of a ${named}.`
    return scalar
      ? `Write text, in quotes: "${value}".`
      : 'Write text: a line, or a block after "|".'
  }
  const keys = keysAt(schema, issue.path)
  const list = keys.length > 0 ? ` Known keys: ${keys.join(', ')}.` : ''
  return `Write ${typeWords[issue.expected] ?? issue.expected}.${list}`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const step of path) {
    if (at === null || typeof at !== 'object') return undefined
    at = (at as Record<PropertyKey, unknown>)[step]
  }
  return at
}

/** A value as an error shows it: short, on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value !== null && typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** What the database cannot hold or code must not meet: NUL, half characters, depth, `__proto__`. */
function checkText(value: unknown, origin: Origin | undefined): ResourceProblem[] {
  const problems: ResourceProblem[] = []
  const visit = (at: unknown, path: Path): void => {
    if (problems.length >= 10) return
    if (typeof at === 'string') {
      if (at.isWellFormed() && !at.includes('\0')) return
      const detail = 'The text holds a NUL or half of a surrogate pair.'
      problems.push(problemAt(origin, path, { detail, remedy: 'Remove that character.' }))
    } else if (at !== null && typeof at === 'object') {
      if (path.length > limits.jsonDepth) {
        const detail = `The value is nested more than ${limits.jsonDepth} levels deep.`
        problems.push(problemAt(origin, path, { detail, remedy: 'Write it flatter.' }))
        return
      }
      for (const [key, item] of Object.entries(at)) {
        if (key === '__proto__') {
          const words = { detail: 'The key "__proto__" is refused.', remedy: 'Rename it.' }
          problems.push(problemAt(origin, path, words))
          continue
        }
        const below = [...path, Array.isArray(at) ? Number(key) : key]
        visit(key, below)
        visit(item, below)
      }
    }
  }
  visit(value, ['spec'])
  return problems
}
