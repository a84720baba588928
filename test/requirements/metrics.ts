import { rows } from './row.ts'

export const metrics = rows('issue 4', {
  'M9.metrics-format':
    'Metrics are in the text exposition format: another parser reads what was written',
  'M9.metrics-bounded': 'Metrics stay bounded however many names there are, and lose no call',
  'M9.metrics-calls':
    'Metrics count calls by door, model, provider, outcome and whose fault, with times, tokens, cost, state of deployments and open jobs; no secret and no text is in them',
  'M9.metrics-tenants': 'Metrics show an organization its own series only',
  'M9.metrics-access': 'Metrics are read with metrics.read or the token of the settings',
  'M9.gen-ai-spans':
    'Spans of calls of models carry the attribute names of OpenTelemetry’s conventions for generative AI',
})
