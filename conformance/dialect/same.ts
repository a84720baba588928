import type {
  CallMessage,
  CallPart,
  ModelCall,
  ModelReply,
  TokenLogprob,
} from '../../src/ports/index.ts'

/**
 * A call in the one form in which two that mean the same are equal: neighbours of one role joined, arguments of tools
 * as values, no empty texts, `developer` as `system`.
 */
export function plainCall(call: ModelCall): unknown {
  const messages: CallMessage[] = []
  for (const message of call.messages) {
    const role = message.role === 'developer' ? 'system' : message.role
    const content = message.content.flatMap(plainPart)
    const last = messages.at(-1)
    if (content.length === 0) continue
    if (last && last.role === role && last.name === message.name)
      messages[messages.length - 1] = { ...last, content: [...last.content, ...content] }
    else messages.push({ ...message, role, content })
  }
  const { includeUsage: _, ...rest } = call
  return clean({ ...rest, messages })
}

export function plainReply(reply: ModelReply): unknown {
  const { id: _, model: __, created: ___, ...rest } = reply
  const choices = reply.choices.map((choice) => ({
    ...choice,
    content: choice.content.flatMap(plainPart),
    logprobs: choice.logprobs?.map(plainToken),
  }))
  return clean({ ...rest, choices })
}

/** No others at a place is the same as not having asked for them. */
function plainToken({ top, ...token }: TokenLogprob): TokenLogprob {
  return top?.length ? { ...token, top } : token
}

function plainPart(part: CallPart): CallPart[] {
  if (part.type === 'text' && part.text === '') return []
  if (part.type === 'tool-call') {
    const { arguments: text } = part
    return [{ ...part, arguments: JSON.stringify(jsonOf(text)) }]
  }
  if (part.type === 'tool-result') return [{ ...part, content: part.content.flatMap(plainPart) }]
  return [part]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch {
    return text
  }
}

/** Without fields that are undefined. */
function clean(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
