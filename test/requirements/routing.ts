import { rows } from './row.ts'

export const routing = rows('issue 4 §2', {
  'M6.compiled':
    'Routes are compiled once per snapshot; what is known of deployments outlives it, per organization',
  'M6.conditions':
    'Routes: a candidate gets what meets its conditions and fits the model; what is not said meets none',
  'M6.explain':
    'A route tells which model would get a request and why not the others, to those who may read it',
  'M6.fail-closed':
    'Routes: no model gets what it is not cleared for, also on fallback, hedge, shadow and further tries',
  'M6.least-busy': 'Routes: least busy is measured by the share of its places',
  'M6.sticky': 'Routes: a conversation stays where it is when other candidates come and go',
  'M6.weighted': 'Routes: shares converge to the weights; without weight a candidate is in reserve',
  'M6.route-resources':
    'Provider, Model and Route: what was stored before keeps its digest, and what makes no sense is refused with its place',
  'M15.outbound-provider':
    'The outbound client: reaches a private origin for the request that names it, and for no other',
  'M9.fault': 'Routes: every failure is counted by whose fault it was, in one closed vocabulary',
  'M9.none-left': 'A request that no candidate may take fails by the code of whoever is in the way',
  'M35.health':
    'Health checks run in their interval by one timer; who stays silent is taken out, who answers comes back',
  'M35.processes':
    'Several processes of one server: share port, publishes, budgets and breakers; one that dies is begun anew',
  'M35.breaker': 'Circuit breaker: is the automaton of its description in any order of events',
  'M35.full':
    'Deployments: full is said at once, and places are shared among the models of a provider',
  'M35.places': 'callModel: gives every place of a deployment back, whatever becomes of the call',
  'M35.probe': 'Circuit breaker: exactly one probe passes while half-open',
  'M35.queue':
    'Deployments: the line never exceeds its limits and loses no place, whoever leaves when',
  'M36.hedge': 'Routes: a hedge asks only candidates that were not asked, within the retry budget',
  'M36.keys':
    'Deployments: keys take turns by weight, rest when limited, end when refused, and are never shown',
  'M36.order': 'Routes: the order of the route, without what cannot answer now',
  'M36.retries':
    'Routes: tries go through the candidates in order, then in rounds with a random wait, within bounds',
  'M36.retry-after': 'Routes: Retry-After is waited for, or not at all where that is too long',
  'M36.retry-budget': 'Routes: further tries are at most a fifth of the requests',
  'M37.cost': 'Routes: the cheapest by its price; an unknown price is not a low one',
  'M37.latency':
    'Routes: the lowest latency by first token and speed as measured; the unknown is tried once',
  'M37.objective':
    'Routes: the cheapest candidate whose forecast keeps the objective within the budget',
  'M37.peak-ewma': 'The peak average believes bad news at once, good news slowly, and forgets',
  'M37.price': 'The price of a model is the one of the day, and unknown where nobody knows it',
  'M37.price-catalogue':
    'Models without a price of their own take that of a dated catalogue of list prices, where it stands for them',
  'M37.compare':
    'Models are compared on the same questions over the same knowledge: quality with intervals, time, cost, fitness',
  'M37.compare-resumed':
    'A comparison goes on after a restart, and asks again only what was under way',
  'M37.stage-routing':
    'Production uses what is approved; drafts are for those with the right, and what is retired is never used',
  'M37.stage-acts': 'A Model moves between stages by an act that is checked, versioned and audited',
  'M37.four-eyes':
    'Where the organization says so, a second person lets a Model into production, on every way in',
  'M37.retire': 'Retiring a Model tells who uses it, and leaves no route with nothing unasked',
  'M37.price-told': 'Each Model’s price is shown with who says so; an unknown one is not zero',
  'M37.price-hourly': 'A machine of one’s own is priced by the time that a call takes of it',
  'M37.price-recompute':
    'Past calls are priced anew by a job: in their sums, in budgets and in the proofs of the audit log alike',
})
