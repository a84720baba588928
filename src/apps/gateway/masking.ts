import {
  detect,
  detectNow,
  Masker,
  mask,
  maskStream,
  PlaceholderScope,
  Unmasker,
  unmask,
} from '#governance'
import type { Principal, ResourceSpec } from '#kernel'
import type { AnswerTransform } from '#models'
import type { CallPart, ModelCall, ModelReply, StreamEvent } from '#ports'

type Rules = ResourceSpec<'Guardrail'>['personalData'] | undefined

/** A call as it may leave, and what is done to its answer. */
export interface MaskedCall {
  call: ModelCall
  /** For one try: it holds text back between two pieces. */
  transform(): AnswerTransform
  /** Personal data that was found, by number only. */
  findings: number
}

/** Nobody has to look into the texts of a call. */
export function isOpen(rules: Rules): boolean {
  return rules?.input === 'allow' && rules.output === 'allow'
}

/**
 * Replaces personal data in everything a call says in words (messages, results and arguments of tools, user, metadata);
 * pictures and files pass as they are. The answer gets the caller's own values back, or is masked itself where the
 * guardrail says so and the caller may not see masked data. Without a guardrail the input is masked.
 */
export async function maskCall(
  call: ModelCall,
  at: { rules: Rules; principal: Principal },
): Promise<MaskedCall> {
  const texts = maskTexts(at)
  const masked = at.rules?.input === 'allow' ? call : await changedCall(call, texts.hide)
  return {
    call: masked,
    transform: () => new TextTransform(texts.how),
    findings: texts.findings(),
  }
}

/** The same for single texts, of a call that is none of a chat. */
export interface TextMask {
  hide: Change
  show: Change
  /** The answer is masked: what its caller says in it may not come back either. */
  veiled: boolean
  findings(): number
}

export function maskTexts({ rules, principal }: { rules: Rules; principal: Principal }) {
  const scope = new PlaceholderScope()
  let findings = 0
  const hide = async (text: string): Promise<string> => {
    if (rules?.input === 'allow') return text
    const found = detectNow(text) ?? (await detect(text))
    findings += found.length
    return found.length === 0 ? text : mask(text, found, scope.mint).text
  }
  const veiled = rules?.output === 'mask' && !principal.permissions.has('documents.unmask')
  const how = veiled ? veiling(scope) : restoring(scope)
  return { hide, show: how.whole, how, veiled, findings: () => findings }
}

function veiling(scope: PlaceholderScope): TextChange {
  return {
    open: () => new Masker(scope, { existing: 'keep' }),
    whole: async (text) => {
      let out = ''
      for await (const piece of maskStream([text], scope)) out += piece
      return out
    },
  }
}

function restoring(scope: PlaceholderScope): TextChange {
  return {
    open: () => new Unmasker(scope.lookup),
    whole: async (text) => unmask(text, scope.lookup),
  }
}

type Change = (text: string) => Promise<string>

async function changedCall(call: ModelCall, change: Change): Promise<ModelCall> {
  const messages = []
  for (const message of call.messages) {
    messages.push({ ...message, content: await changedParts(message.content, change) })
  }
  const { user, metadata } = call
  const facts: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata ?? {})) facts[name] = await change(value)
  return {
    ...call,
    messages,
    ...(user === undefined ? {} : { user: await change(user) }),
    ...(metadata === undefined ? {} : { metadata: facts }),
  }
}

async function changedParts(parts: readonly CallPart[], change: Change): Promise<CallPart[]> {
  const changed: CallPart[] = []
  for (const part of parts) changed.push(await changedPart(part, change))
  return changed
}

async function changedPart(part: CallPart, change: Change): Promise<CallPart> {
  if (part.type === 'text' || part.type === 'refusal') {
    return { ...part, text: await change(part.text) }
  }
  // What a provider signed or encrypted it must get back unchanged.
  if (part.type === 'reasoning' && part.signature === undefined && part.encrypted === undefined) {
    return { ...part, text: await change(part.text) }
  }
  if (part.type === 'tool-call') return { ...part, arguments: await change(part.arguments) }
  if (part.type === 'tool-result') {
    return { ...part, content: await changedParts(part.content, change) }
  }
  return part
}

/** Texts that follow each other as one: what has to be found may stand across them. */
function joined(parts: readonly CallPart[]): CallPart[] {
  const all: CallPart[] = []
  for (const part of parts) {
    const last = all.at(-1)
    if (last?.type === 'text' && part.type === 'text') {
      all[all.length - 1] = { ...last, text: last.text + part.text }
    } else all.push(part)
  }
  return all
}

/** Changes text that comes in pieces. */
interface TextPipe {
  push(text: string): string | Promise<string>
  flush(): string | Promise<string>
}

interface TextChange {
  open(): TextPipe
  whole: Change
}

type TextEvent = Extract<StreamEvent, { type: 'text' | 'refusal' | 'reasoning' | 'tool-call' }>

/** Text of an answer through one pipe for each thing that is said; a placeholder may be split over any pieces. */
class TextTransform implements AnswerTransform {
  readonly #how: TextChange
  readonly #pipes = new Map<string, { pipe: TextPipe; last: TextEvent }>()

  constructor(how: TextChange) {
    this.#how = how
  }

  async event(event: StreamEvent): Promise<readonly StreamEvent[]> {
    if (isText(event)) return this.#text(event)
    if (event.type === 'reasoning-end') return [...(await this.#flush('reasoning')), event]
    if (event.type === 'finish') return [...(await this.#flush('')), event]
    return [event]
  }

  async reply(reply: ModelReply): Promise<ModelReply> {
    const choices = []
    for (const choice of reply.choices) {
      const content = await changedParts(joined(choice.content), this.#how.whole)
      choices.push({ ...choice, content })
    }
    return { ...reply, choices }
  }

  async #text(event: TextEvent): Promise<StreamEvent[]> {
    const key = `${event.type} ${event.choice ?? 0} ${event.type === 'tool-call' ? event.call : ''}`
    const known = this.#pipes.get(key)
    const pipe = known?.pipe ?? this.#how.open()
    this.#pipes.set(key, { pipe, last: event })
    const said = await pipe.push(textOf(event))
    // The first piece of a tool call names it, with or without arguments.
    return said === '' && !(event.type === 'tool-call' && !known) ? [] : [withText(event, said)]
  }

  async #flush(kind: string): Promise<StreamEvent[]> {
    const events: StreamEvent[] = []
    for (const [key, { pipe, last }] of this.#pipes) {
      if (!key.startsWith(kind)) continue
      this.#pipes.delete(key)
      const rest = await pipe.flush()
      if (rest !== '') events.push(withText(last, rest))
    }
    return events
  }
}

function isText(event: StreamEvent): event is TextEvent {
  const { type } = event
  return type === 'text' || type === 'refusal' || type === 'reasoning' || type === 'tool-call'
}

function textOf(event: TextEvent): string {
  return event.type === 'tool-call' ? event.arguments : event.text
}

/** Probabilities belong to tokens that are no longer what is said. */
function withText(event: TextEvent, text: string): StreamEvent {
  if (event.type === 'tool-call') return { ...event, arguments: text }
  if (event.type !== 'text') return { ...event, text }
  const { logprobs, ...rest } = event
  return { ...rest, text }
}
