import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import { openApiOf } from '../openapi.ts'

/** The description of the table it stands in, built with the first request for it. */
export function openApiRoute(table: () => readonly Route[]): Route {
  let document: Record<string, unknown> | undefined
  return route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    permission: 'signed-in',
    summary: 'This API as an OpenAPI 3.1 document',
    tag: 'System',
    response: z.record(z.string(), z.unknown()),
    async handler(_call, house) {
      document ??= openApiOf(table(), { version: house.version, url: house.publicUrl() })
      return document
    },
  })
}
