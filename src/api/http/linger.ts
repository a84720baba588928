import type { FastifyReply, FastifyRequest } from 'fastify'

const lingerMs = 10_000

/**
 * Reads what a client still sends, and forgets it: a connection that is closed while the client writes takes the answer
 * with it. After a moment it is closed all the same.
 */
export function linger({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection')
  const timer = setTimeout(() => raw.socket.destroy(), lingerMs)
  timer.unref()
  raw.once('close', () => clearTimeout(timer))
  raw.resume()
}
