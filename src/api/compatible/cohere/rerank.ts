import { route } from '../../http/route.ts'
import { forwardOperation, onlyHot } from '../openai/forward-operation.ts'
import { rerankReply, rerankRequest } from './contract.ts'

const door = { door: 'cohere.rerank', operation: 'rerank', body: rerankRequest } as const

export const cohereRoutes = [
  route({
    method: 'POST',
    path: '/v1/rerank',
    permission: 'signed-in',
    summary: 'Rank documents by a model (models.use), as with Cohere',
    tag: 'Cohere-compatible',
    body: rerankRequest,
    response: rerankReply,
    hot: (call, house) => forwardOperation(call, house, door),
    handler: onlyHot,
  }),
]
