import { rows } from './row.ts'

export const routing = rows('issue 4 §2', {
  'M6.route-resources':
    'Provider, Model and Route: what was stored before keeps its digest, and what makes no sense is refused with its place',
  'M15.outbound-provider':
    'The outbound client: reaches a private origin for the request that names it, and for no other',
  'M37.price': 'The price of a model is the one of the day, and unknown where nobody knows it',
})
