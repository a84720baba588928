import { detect, Masker, mask, PlaceholderScope, Unmasker } from '#governance'
import type { Principal, Span } from '#kernel'
import type { ChatMessage } from '#ports'
import type { Snapshot } from '#store'

/** What stands between the caller and the model: personal data does not pass in the clear. */
export interface Curtain {
  /** What the model reads. */
  messages: ChatMessage[]
  /** Kinds and numbers only. */
  findings: number
  /** The masked last message of the caller, for the trace. */
  name: string
  /** What the caller reads of the next piece of the answer. */
  push(text: string): Promise<string>
  flush(): Promise<string>
}

/** The guardrail that rules direct calls, where an organization has one. */
const guardrailName = 'default'

/**
 * Masks all messages in one scope. With the guardrail `default` its settings for input and output hold; without one
 * the input is masked, and the caller's own values are put back into the answer.
 */
export async function drawCurtain(
  messages: readonly ChatMessage[],
  at: { snapshot: Snapshot; principal: Principal; span: Span },
): Promise<Curtain> {
  const rules = at.snapshot.resolve('Guardrail', guardrailName)?.spec.personalData
  const scope = new PlaceholderScope()
  const masked: ChatMessage[] = []
  let findings = 0
  for (const message of messages) {
    const found = await detect(message.content)
    findings += found.length
    masked.push({ ...message, content: mask(message.content, found, scope.mint).text })
  }
  at.span.attributes.findings = findings
  const given = rules?.input === 'allow' ? [...messages] : masked
  const maskOutput = rules?.output === 'mask' && !at.principal.permissions.has('documents.unmask')
  const name = masked.findLast(({ role }) => role === 'user')?.content ?? '(no question)'
  const ways = maskOutput ? maskedWay(scope) : restoredWay(scope, given === masked)
  return { messages: given, findings, name, ...ways }
}

function maskedWay(scope: PlaceholderScope): Pick<Curtain, 'push' | 'flush'> {
  const masker = new Masker(scope, { existing: 'keep' })
  return { push: (text) => masker.push(text), flush: () => masker.flush() }
}

function restoredWay(scope: PlaceholderScope, masked: boolean): Pick<Curtain, 'push' | 'flush'> {
  if (!masked) return { push: async (text) => text, flush: async () => '' }
  const unmasker = new Unmasker(scope.lookup)
  return { push: async (text) => unmasker.push(text), flush: async () => unmasker.flush() }
}
