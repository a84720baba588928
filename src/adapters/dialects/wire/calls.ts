import type { CallPart, FinishReason, ModelCall } from '#ports'
import type { Losses } from './losses.ts'

/** Where tool calls are no reason to end: whether an answer ended for them is seen from the calls in it. */
export function callsTold(finish: FinishReason, called: boolean, losses: Losses): void {
  if ((finish === 'stop' && called) || (finish === 'tool-calls' && !called))
    losses.add(
      'choices/0/finish',
      'hint',
      'Whether it ended for tool calls is seen from the calls.',
    )
}

export function hasCalls(content: readonly CallPart[]): boolean {
  return content.some(({ type }) => type === 'tool-call')
}

/** The name of the tool that each call of a conversation called, by the call’s id. */
export function namesOfCalls(call: ModelCall): Map<string, string> {
  const names = new Map<string, string>()
  for (const { content } of call.messages)
    for (const part of content) if (part.type === 'tool-call') names.set(part.id, part.name)
  return names
}

/** Reports parameters that a dialect does not have. */
export function unsaid(
  call: ModelCall,
  losses: Losses,
  absent: { meaning: readonly (keyof ModelCall)[]; hint: readonly (keyof ModelCall)[] },
): void {
  for (const effect of ['meaning', 'hint'] as const)
    for (const name of absent[effect])
      if (call[name] !== undefined) losses.add(name, effect, `There is no "${name}".`)
}
