import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Permission, RequestContext, Secret } from '#kernel'
import type { ApiHouse } from '../house.ts'

/**
 * One entry of the route table. The table is the only way to a handler: routing, validation, permission, OpenAPI, tests
 * and the client's types all read it. A route without `permission` does not compile.
 */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/api/v1/documents/:id`. */
  path: string
  /** What the caller needs; `signed-in` for things about oneself, `public` for what anybody may call. */
  permission: Permission | 'signed-in' | 'public'
  /** Held in one project only, or one of these instead: enough to come in. The handler checks what exactly is done. */
  orElse?: { inProject?: true; permissions?: readonly Permission[] }
  /** A bearer token of the settings that opens it too, for the organization of this server; empty: none does. */
  opensWith?(house: ApiHouse): Secret
  summary: string
  tag: string
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  /** JSON of a 2xx answer; absent where the handler writes the reply itself (streams, files). */
  response?: z.ZodType
  /** One server-sent event, where the answer may come as a stream of them. */
  events?: z.ZodType
  /** Media type of an answer that is not JSON, for OpenAPI. */
  produces?: string
  /** Media type of a body that is not JSON. */
  consumes?: string
  status?: number
  /**
   * `secret`: the answer shows something once and is not kept, so a repeated Idempotency-Key is refused instead of
   * answered. `off`: the request holds a password, of which nothing is kept either.
   */
  idempotency?: 'secret' | 'off'
  /** Records in its own way that the permission is missing; absent: by an audit event. */
  refuse?(context: RequestContext, house: ApiHouse): Promise<unknown>
  /** The raw body reaches the handler as a stream. */
  rawBody?: boolean
  /**
   * Sees the bytes of the body before anything else does, and may answer them itself: for doors where each microsecond
   * counts. False: it did not, and the call goes the common way.
   */
  hot?(call: HotCall, house: ApiHouse): Promise<boolean>
  handler(call: Call<unknown, unknown, unknown>, house: ApiHouse): Promise<unknown>
}

/** A request whose body was received and not yet read. */
export interface HotCall {
  body: Buffer
  request: FastifyRequest
  reply: FastifyReply
}

/** What a handler is given: validated input and who asks. */
export interface Call<P, Q, B> {
  params: P
  query: Q
  body: B
  context: RequestContext
  request: FastifyRequest
  reply: FastifyReply
}

interface RouteOptions<
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
  R extends z.ZodType | undefined,
> extends Omit<Route, 'params' | 'query' | 'body' | 'response' | 'handler'> {
  params?: P
  query?: Q
  body?: B
  response?: R
  handler(
    call: Call<Out<P>, Out<Q>, Out<B>>,
    house: ApiHouse,
  ): Promise<(R extends z.ZodType ? z.input<R> : unknown) | typeof replied>
}

type Out<S> = S extends z.ZodType ? z.output<S> : undefined

/** Ties the handler's types to the schemas beside it. */
export function route<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  R extends z.ZodType | undefined = undefined,
>(options: RouteOptions<P, Q, B, R>): Route {
  return options as unknown as Route
}

/** Returned by a handler that has written (or is writing) the reply itself. */
export const replied: unique symbol = Symbol('replied')
