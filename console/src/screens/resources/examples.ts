import type { ResourceKind, ResourceSummary } from '@plinth/sdk'

/**
 * One of each kind, to begin with. What it refers to is what exists here, so that it can be applied as it stands; a name
 * that must be thought of is the example's own.
 */
export function exampleOf(kind: ResourceKind, existing: readonly ResourceSummary[]): string {
  return examples[kind].replaceAll(
    /\{\{(\w+):([\w-]+)\}\}/g,
    (_, of: string, otherwise: string) => {
      const labelled = existing.find((one) => one.kind === of && one.labels.includes('default'))
      return (labelled ?? existing.find((one) => one.kind === of))?.name ?? otherwise
    },
  )
}

const examples: Record<ResourceKind, string> = {
  KnowledgeBase: `kind: KnowledgeBase
name: handbook
spec:
  description: What everybody in the company should find.
  readers: [everyone]
  masking:
    mode: mask
  retrieval:
    denseWeight: 0.5
    topK: 8
  metadata:
    department: string
    year: number
`,
  Source: `kind: Source
name: handbook-uploads
spec:
  knowledgeBase: {{KnowledgeBase:handbook}}
  description: Files and texts that people add.
  upload: {}
  readers: [everyone]
---
kind: Source
name: handbook-folder
spec:
  knowledgeBase: {{KnowledgeBase:handbook}}
  description: A folder on the server, scanned and watched.
  folder:
    path: /srv/documents/handbook
    include: ["**/*.pdf", "**/*.docx", "**/*.md"]
    watch: true
  access:
    - path: "hr/**"
      readers: ["group:hr"]
`,
  Assistant: `kind: Assistant
name: helpdesk
spec:
  description: Answers questions about how we work.
  knowledgeBases: [{{KnowledgeBase:handbook}}]
  route: {{Route:default}}
  prompt: {{Prompt:default}}
  guardrail: {{Guardrail:default}}
  groundTokens: 3000
  suggestions:
    - How many days of leave do I have?
    - Who approves a purchase?
`,
  Prompt: `kind: Prompt
name: helpdesk
spec:
  description: How the helpdesk answers.
  system: |
    You are {{assistant}}. Today is {{date}}. Answer in {{language}}.
    Answer only from the numbered passages and cite each sentence with its number, like [1].
    Say so when the passages do not hold the answer.
`,
  Guardrail: `kind: Guardrail
name: strict
spec:
  description: Holds back what its sources do not support.
  citations:
    unsupported: withhold
    minSupport: 0.5
  personalData:
    input: mask
    output: mask
`,
  Route: `kind: Route
name: with-fallback
spec:
  description: Tried in this order; the next one where a model does not answer.
  models: [{{Model:extractive}}]
`,
  Model: `kind: Model
name: large
spec:
  provider: {{Provider:my-endpoint}}
  upstreamModel: name-at-the-provider
  contextTokens: 32000
  maxOutputTokens: 1024
  temperature: 0
  price:
    input: 2.5
    output: 10
`,
  Provider: `kind: Provider
name: my-endpoint
spec:
  protocol: openai
  baseUrl: https://models.example.com/v1
  apiKey:
    env: MY_ENDPOINT_KEY
  timeouts:
    totalMs: 120000
    firstTokenMs: 30000
`,
  Budget: `kind: Budget
name: each-key
spec:
  description: What each API key may spend in a day.
  per: key
  window: day
  limits:
    usd: 5
`,
  Role: `kind: Role
name: auditor
spec:
  description: Reads and verifies what happened.
  permissions: [audit.read, traces.read, resources.read]
`,
}
