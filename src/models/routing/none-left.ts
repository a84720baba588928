import { PlinthError } from '#kernel'
import type { Choice } from './choose.ts'

/** The error for a request that no candidate may or can take: whose fault it is decides which. */
export function noneLeft({ route, rejected }: Choice): PlinthError {
  const list = rejected.map(({ model, reason }) => `${model}: ${reason}`).join('; ')
  const detail = `No model of route ${route.name} can take the request${list ? `: ${list}` : ''}.`
  const passing = rejected.filter(({ code }) => code === 'unavailable')
  if (passing.length > 0) {
    const waits = passing.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
    const wait = waits.length > 0 ? Math.ceil(Math.min(...waits) / 1_000) : undefined
    return new PlinthError('UNAVAILABLE', {
      detail,
      where: 'model',
      ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
    })
  }
  const where = rejected.every(({ code }) => code === 'context') ? 'messages' : 'model'
  const has = (...codes: string[]) => rejected.some(({ code }) => codes.includes(code))
  if (has('no-key')) {
    const remedy = 'Set the key that is missing or not accepted; `plinth doctor` names it.'
    return new PlinthError('UNAVAILABLE', { detail, where, remedy })
  }
  if (has('stage')) {
    const remedy =
      'Ask for an approved model, or have this one approved: `plinth models promote NAME --to approved`.'
    return new PlinthError('FORBIDDEN', { detail, where, remedy })
  }
  if (has('data-class', 'region', 'condition', 'over-budget')) {
    const remedy =
      'Ask for a model that is cleared for such requests; `plinth route explain` tells each reason.'
    return new PlinthError('FORBIDDEN', { detail, where, remedy })
  }
  if (has('context', 'capability', 'language')) {
    const remedy = 'Shorten the request, ask for less, or name another route.'
    return new PlinthError('INVALID_INPUT', { detail, where, remedy })
  }
  if (has('retired')) {
    const remedy =
      'Name its successor in the route; `plinth models retire NAME --dry-run` tells who uses it still.'
    return new PlinthError('UNAVAILABLE', { detail, where, remedy })
  }
  const remedy = 'A resource that the route names does not exist; see `plinth doctor`.'
  return new PlinthError('UNAVAILABLE', { detail, where, remedy })
}
