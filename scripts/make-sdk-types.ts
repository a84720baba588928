/**
 * Writes the types of the native API for the client, from the OpenAPI document of the route table: `schemas.ts` has
 * what stands under `components`, `operations.ts` what each operation takes and gives. With `--check` nothing is
 * written; the exit status says whether both are up to date.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { routes } from '../src/api/index.ts'
import { openApiOf } from '../src/api/openapi.ts'
import {
  block,
  documentation,
  fieldsOf,
  type JsonSchema,
  nameOf,
  spaced,
  typeOf,
} from './make-sdk-types/schema-types.ts'

const folder = fileURLToPath(new URL('../sdk/src/generated/', import.meta.url))
const prefix = '/api/v1'
const header = `// Made by \`npm run sdk-types\` from the OpenAPI document: change src/api/contract.

`
const tableIs = `What each operation takes and gives, by method and path under ${prefix}.`

interface Operation {
  summary: string
  parameters: { name: string; in: string; required: boolean; schema: JsonSchema }[]
  requestBody?: { required: boolean; content: Record<string, { schema?: JsonSchema }> }
  responses: Record<string, { content?: Record<string, { schema?: JsonSchema }> }>
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonSchema> }
}

/** Both files by name, as they should be. */
export function makeSdkTypes(): Record<'schemas.ts' | 'operations.ts', string> {
  const document = openApiOf(routes, { version: '', url: '' }) as unknown as Document
  const all = document.components.schemas
  const operations = Object.entries(document.paths)
    .filter(([path]) => path.startsWith(prefix))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) =>
        shapeOf(`${method.toUpperCase()} ${path.slice(prefix.length)}`, one),
      ),
    )
  const sent = reachable(
    operations.flatMap(({ query, body }) => [query, body]),
    all,
  )
  const given = reachable(
    operations.flatMap(({ answer, event, problem }) => [answer, event, problem]),
    all,
  )
  const names = Object.keys(all).filter((name) => sent.has(name) || given.has(name))
  const schemas = names.map((name) => declaration(name, all[name] ?? {}, sent.has(name)))
  const parts = operations.flatMap(({ query, body, answer, event }) => [query, body, answer, event])
  const named = [...new Set(parts.flatMap(namesIn))].sort()
  const imported = `import type ${block(
    named.map((name) => `${name},`),
    0,
  )} from './schemas.ts'`
  const entries = block(operations.map(entryOf), 0)
  return {
    'schemas.ts': `${header}${schemas.join('\n')}`,
    'operations.ts': `${header}${imported}\n\n/** ${tableIs} */\nexport interface Operations ${entries}\n`,
  }
}

/** What one operation takes and gives; absent where it is nothing, or no JSON. */
interface Shape {
  name: string
  summary: string
  query: JsonSchema | undefined
  body: JsonSchema | undefined
  answer: JsonSchema | undefined
  event: JsonSchema | undefined
  problem: JsonSchema | undefined
}

function shapeOf(name: string, { summary, parameters, requestBody, responses }: Operation): Shape {
  const good = Object.keys(responses).find((status) => status.startsWith('2')) ?? ''
  const { content = {} } = responses[good] ?? {}
  return {
    name,
    summary,
    query: objectOf(parameters.filter((one) => one.in === 'query')),
    body: requestBody?.content['application/json']?.schema,
    answer: content['application/json']?.schema,
    event: content['text/event-stream']?.schema,
    problem: responses.default?.content?.['application/problem+json']?.schema,
  }
}

function objectOf(parameters: Operation['parameters']): JsonSchema | undefined {
  if (parameters.length === 0) return undefined
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  }
}

function declaration(name: string, schema: JsonSchema, sent: boolean): string {
  const doc = documentation(schema, 0)
  const others = typeof schema.additionalProperties === 'object'
  if (schema.type === 'object' && schema.properties && !others) {
    const fields = fieldsOf(schema, { indent: 2, sent })
    return `${doc}export interface ${name} ${block(fields, 0)}\n`
  }
  return `${doc}export type ${name} =${spaced(typeOf(schema, { indent: 0, sent }))}\n`
}

function entryOf({ name, summary, query, body, answer, event }: Shape): string {
  const way = (sent: boolean) => ({ indent: 4, sent })
  const parts = [
    ...(query ? [`query:${spaced(typeOf(query, way(true)))}`] : []),
    ...(body ? [`body:${spaced(typeOf(body, way(true)))}`] : []),
    ...(answer ? [`answer:${spaced(typeOf(answer, way(false)))}`] : []),
    ...(event ? [`event:${spaced(typeOf(event, way(false)))}`] : []),
  ]
  const type = parts.length === 0 ? 'Record<never, never>' : block(parts, 2)
  return `/** ${summary}. */\n  '${name}': ${type}`
}

/** Names of all components that some schemas lead to. */
function reachable(
  from: readonly (JsonSchema | undefined)[],
  all: Record<string, JsonSchema>,
): Set<string> {
  const found = new Set<string>()
  const waiting = from.flatMap(namesIn)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue
    found.add(name)
    waiting.push(...namesIn(all[name]))
  }
  return found
}

function namesIn(schema: JsonSchema | undefined): string[] {
  const refs = (JSON.stringify(schema) ?? '').matchAll(/"\$ref":"([^"]+)"/g)
  return [...refs].map(([, ref = '']) => nameOf(ref))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check')
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(makeSdkTypes())) {
    if (!check) writeFileSync(folder + file, text)
    else if (readFileSync(folder + file, 'utf8') !== text) {
      process.stderr.write(`sdk/src/generated/${file} is out of date: npm run sdk-types\n`)
      process.exitCode = 1
    }
  }
}
