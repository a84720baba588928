import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Question } from '#apps'

/** What a caller says of kept answers, and how they are told whether they got one. */
export function cacheOf(call: {
  request: FastifyRequest
  reply: FastifyReply
}): Pick<Question, 'cacheControl' | 'onCache'> {
  const cacheControl = call.request.headers['cache-control']
  return {
    ...(cacheControl === undefined ? {} : { cacheControl }),
    onCache: (said) => void call.reply.header('x-plinth-cache', said),
  }
}
