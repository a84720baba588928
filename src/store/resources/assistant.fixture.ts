/** Everything that one assistant refers to, in YAML. */
export const whole = `
kind: Provider
name: p
spec: {protocol: extractive}
---
kind: Model
name: m
spec: {provider: p, upstreamModel: x}
---
kind: Route
name: r
spec: {models: [m]}
---
kind: Prompt
name: words
spec: {system: Hello}
---
kind: Guardrail
name: g
spec: {}
---
kind: KnowledgeBase
name: k
spec: {}
---
kind: Source
name: s
spec: {knowledgeBase: k, upload: {}}
---
kind: Assistant
name: a
spec: {knowledgeBases: [k], route: r, prompt: words, guardrail: g}
`
