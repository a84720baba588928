import type { StreamEvent } from './dialect.ts'
import type {
  CallPart,
  CallUsage,
  FinishReason,
  ModelReply,
  ReplyChoice,
  TokenLogprob,
} from './dialect-call.ts'

/** A whole answer as the events of a stream. */
export function* eventsOfReply(reply: ModelReply): Generator<StreamEvent> {
  const { id, model, created, usage } = reply
  yield {
    type: 'start',
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(created === undefined ? {} : { created }),
  }
  for (const [i, choice] of reply.choices.entries()) {
    const at = i === 0 ? {} : { choice: i }
    let call = 0
    let logprobs = choice.logprobs
    for (const part of choice.content) {
      if (part.type === 'tool-call') {
        const { id, name, arguments: text } = part
        yield { type: 'tool-call', call: call++, id, name, arguments: text, ...at }
      } else if (part.type === 'reasoning') yield* reasoningEvents(part, at)
      else if (part.type === 'text') {
        yield { type: 'text', text: part.text, ...(logprobs ? { logprobs } : {}), ...at }
        logprobs = undefined
      } else if (part.type === 'refusal') yield { type: 'refusal', text: part.text, ...at }
      else if (part.type === 'opaque')
        yield { type: 'opaque', family: part.family, value: part.value, ...at }
    }
    if (logprobs) yield { type: 'text', text: '', logprobs, ...at }
    const stop = choice.stopSequence === undefined ? {} : { stopSequence: choice.stopSequence }
    yield { type: 'finish', reason: choice.finish, ...stop, ...at }
  }
  if (usage) yield { type: 'usage', usage }
}

function* reasoningEvents(
  part: CallPart & { type: 'reasoning' },
  at: { choice?: number },
): Generator<StreamEvent> {
  if (part.text !== '') yield { type: 'reasoning', text: part.text, ...at }
  const { signedBy, signature, encrypted, id } = part
  if (signedBy === undefined) return
  yield {
    type: 'reasoning-end',
    signedBy,
    ...(signature === undefined ? {} : { signature }),
    ...(encrypted === undefined ? {} : { encrypted }),
    ...(id === undefined ? {} : { id }),
    ...at,
  }
}

interface Gathered {
  content: CallPart[]
  /** Tool calls by their number, which stand in `content`, too. */
  calls: Map<number, CallPart & { type: 'tool-call' }>
  logprobs: TokenLogprob[]
  finish: FinishReason | undefined
  stopSequence: string | undefined
  /** Thoughts that go on with the next piece. */
  thinking: boolean
}

/** Gathers the events of a stream into a whole answer. */
export class ReplyGatherer {
  readonly #choices = new Map<number, Gathered>()
  #head: Pick<ModelReply, 'id' | 'model' | 'created'> = {}
  #usage: CallUsage | undefined

  add(event: StreamEvent): void {
    if (event.type === 'start') {
      const { type: _, ...head } = event
      this.#head = head
    } else if (event.type === 'usage') this.#usage = event.usage
    else if (event.type !== 'error') addTo(this.#choice(event.choice ?? 0), event)
  }

  /** What was gathered; an answer that never said why it ended has the reason `other`. */
  reply(): ModelReply {
    const choices = [...this.#choices.entries()].sort(([a], [b]) => a - b)
    return {
      ...this.#head,
      choices: choices.map(([, gathered]) => choiceOf(gathered)),
      ...(this.#usage ? { usage: this.#usage } : {}),
    }
  }

  #choice(index: number): Gathered {
    let found = this.#choices.get(index)
    if (!found) {
      found = {
        content: [],
        calls: new Map(),
        logprobs: [],
        finish: undefined,
        stopSequence: undefined,
        thinking: false,
      }
      this.#choices.set(index, found)
    }
    return found
  }
}

type ContentEvent = Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' }>

function addTo(gathered: Gathered, event: ContentEvent): void {
  const { content } = gathered
  const last = content.at(-1)
  if (event.type === 'text' || event.type === 'refusal') {
    if (last?.type === event.type) last.text += event.text
    else if (event.text !== '') content.push({ type: event.type, text: event.text })
    if (event.type === 'text' && event.logprobs) gathered.logprobs.push(...event.logprobs)
  } else if (event.type === 'reasoning') {
    if (last?.type === 'reasoning' && gathered.thinking) last.text += event.text
    else content.push({ type: 'reasoning', text: event.text })
  } else if (event.type === 'reasoning-end') {
    const { type: _, choice: __, ...signed } = event
    if (last?.type === 'reasoning' && gathered.thinking) Object.assign(last, signed)
    else content.push({ type: 'reasoning', text: '', ...signed })
  } else if (event.type === 'tool-call') addCall(gathered, event)
  else if (event.type === 'opaque')
    content.push({ type: 'opaque', family: event.family, value: event.value })
  else {
    gathered.finish = event.reason
    gathered.stopSequence = event.stopSequence
  }
  gathered.thinking = event.type === 'reasoning'
}

function addCall(gathered: Gathered, event: ContentEvent & { type: 'tool-call' }): void {
  const known = gathered.calls.get(event.call)
  if (known) {
    known.arguments += event.arguments
    return
  }
  const { id = '', name = '', arguments: text } = event
  const part = { type: 'tool-call' as const, id, name, arguments: text }
  gathered.calls.set(event.call, part)
  gathered.content.push(part)
}

function choiceOf({ content, logprobs, finish, stopSequence }: Gathered): ReplyChoice {
  return {
    content,
    finish: finish ?? 'other',
    ...(stopSequence === undefined ? {} : { stopSequence }),
    ...(logprobs.length > 0 ? { logprobs } : {}),
  }
}
