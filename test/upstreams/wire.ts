import type { IncomingHttpHeaders } from 'node:http'

/** What an upstream says: text in pieces, or one call of a tool. */
export interface Said {
  pieces: readonly string[]
  call?: { name: string; arguments: string }
}

/** A request as it came over the wire. */
export interface Seen {
  method: string
  /** Raw, with its query. */
  path: string
  headers: IncomingHttpHeaders
  raw: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: bodies of nine protocols, looked at field by field
  body: any
}

/** A stream in its parts: a piece is one thing that is said. */
export interface Frames {
  before: Buffer[]
  pieces: Buffer[]
  after: Buffer[]
}

/** One public protocol, written from its reference, independent of the code that is tested with it. */
export interface Wire {
  name: string
  /** Of the Provider. */
  protocol: string
  upstreamModel: string
  contentType: string
  baseUrl(url: string): string
  /** The value of the key. `url`: where this server listens. */
  secret(url: string): string
  /** Parts of the key that must never be told. */
  canaries(secret: string): string[]
  /** Why the real endpoint would refuse this; undefined where it would not. */
  refuses(seen: Seen, secret: string): string | undefined
  streams(seen: Seen): boolean
  whole(said: Said, seen: Seen): unknown
  frames(said: Said, seen: Seen): Frames
  /** An error within a stream. */
  broken(message: string): Buffer
  failure(status: number, message: string): { headers?: Record<string, string>; body: unknown }
  /** Another endpoint that belongs to it, such as that of tokens. */
  beside?(seen: Seen): { status: number; body: unknown } | undefined
}

export const inputTokens = 11
export const outputTokens = 8

export const data = (value: unknown, end = '\n\n') =>
  Buffer.from(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}${end}`)
export const line = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)
export const event = (type: string, value: object) =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`)
