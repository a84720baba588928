import type { ResourceKind } from '@plinth/sdk'

/** In the order in which a new installation needs them. */
export const resourceKinds: readonly ResourceKind[] = [
  'KnowledgeBase',
  'Source',
  'Assistant',
  'Prompt',
  'Guardrail',
  'Route',
  'Model',
  'Provider',
  'Role',
  'Budget',
]

export const kindNotes: Record<ResourceKind, string> = {
  KnowledgeBase: 'Documents that are searched together, with their masking and retrieval.',
  Source: 'Where a knowledge base gets its documents, and who may read them.',
  Assistant: 'What people talk to: knowledge, model, instructions and guardrail in one.',
  Prompt: 'The instructions a model is given.',
  Guardrail: 'What happens to unsupported sentences and personal data.',
  Route: 'Which models are tried, in which order.',
  Model: 'One model of a provider, with its limits and price.',
  Provider: 'An endpoint that serves models.',
  Role: 'A set of permissions that people hold.',
  Budget: 'What may be spent on models, by whom, in how long.',
}
