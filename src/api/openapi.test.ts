import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../../test/open-house.ts'
import { routes } from './routes/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document of the described shape
type Document = any

let house: OpenHouse
let document: Document
beforeAll(async () => {
  house = await openHouse()
  document = (await house.owner.call('GET', '/api/v1/openapi.json')).body
})
afterAll(() => house?.close())

const described = (path: string) => path.replace(/:(\w+)/g, '{$1}')

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, and every reference in it leads somewhere [M40.openapi]', async () => {
    const result = await new Validator().validate(structuredClone(document))
    expect(result.errors ?? []).toEqual([])
    expect(result.valid).toBe(true)
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref)
    expect(names.length).toBeGreaterThan(50)
    for (const name of names) {
      expect(name).toMatch(/^#\/components\/schemas\/\w+$/)
      expect(document.components.schemas).toHaveProperty(String(name).split('/').pop() as string)
    }
  })

  it('describes every route with its permission, and no other [M40.openapi]', () => {
    const operations = Object.entries<Document>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Document>(methods).map(([method, one]) => ({ path, method, ...one })),
    )
    const told = operations.map((one) => [one.method.toUpperCase(), one.path, one['x-permission']])
    const table = routes.map((one) => [one.method, described(one.path), one.permission])
    expect(told.sort()).toEqual(table.sort())
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { operationId, parameters, path, responses } of operations) {
      const inPath = parameters.filter((one: Document) => one.in === 'path')
      expect([operationId, inPath.length]).toEqual([operationId, path.split('{').length - 1])
      expect(responses.default.content).toBeDefined()
    }
  })

  it('holds for what the server answers [M40.openapi]', async () => {
    const ajv = addFormats.default(new Ajv.default({ strict: false, allErrors: true }))
    ajv.addSchema({ $id: 'plinth', components: document.components })
    const valid = (schema: object, value: unknown) => {
      const text = JSON.stringify(schema).replaceAll('"#/', '"plinth#/')
      const check = ajv.compile(JSON.parse(text))
      return check(value) ? [] : check.errors
    }
    const paths = routes.filter(
      ({ method, path, response }) => method === 'GET' && response && !path.includes(':'),
    )
    expect(paths.length).toBeGreaterThan(15)
    for (const { path } of paths) {
      const reply = await house.owner.call('GET', path)
      const { responses } = document.paths[path].get
      const { schema } = responses[reply.status].content['application/json']
      expect([path, reply.status, valid(schema, reply.body)]).toEqual([path, 200, []])
    }
    for (const path of ['/api/v1/documents/none', '/v1/models/none']) {
      const reply = await house.owner.call('GET', path)
      const { content } = document.paths[path.replace('none', '{id}')].get.responses[reply.status]
      const [[media, { schema }]] = Object.entries<Document>(content) as [[string, Document]]
      expect(reply.headers.get('content-type')).toContain(media)
      expect([path, valid(schema, reply.body)]).toEqual([path, []])
    }
  })
})
