import { limits } from '#kernel'
import type { AnswerTransform, Said } from '#models'
import type { ModelReply, StreamEvent } from '#ports'
import type { MaskedCall } from '../masking.ts'

interface Take {
  events: StreamEvent[]
  bytes: number
  reply?: ModelReply
  whole: boolean
}

/** Notes what a model says before placeholders are replaced, so that it can be said to others with their own values. */
export class Recorder {
  /** The same call, heard. */
  readonly masked: MaskedCall
  readonly #takes: Take[] = []

  constructor(masked: MaskedCall) {
    this.masked = { ...masked, transform: () => this.#heard(masked.transform()) }
  }

  /** Undefined where it was too long, or more than one try spoke. */
  get said(): Said | undefined {
    const whole = this.#takes.filter((take) => take.whole)
    const [take] = whole
    if (!take || whole.length > 1 || take.bytes > limits.cachedAnswerBytes) return undefined
    if (take.reply) return { kind: 'reply', reply: take.reply }
    return { kind: 'events', events: take.events }
  }

  #heard(transform: AnswerTransform): AnswerTransform {
    const take: Take = { events: [], bytes: 0, whole: false }
    this.#takes.push(take)
    return {
      event(event) {
        take.bytes += 'text' in event ? event.text.length + 64 : 256
        if (event.type === 'finish') take.whole = true
        if (take.bytes <= limits.cachedAnswerBytes) take.events.push(event)
        return transform.event(event)
      },
      reply(reply) {
        take.bytes = JSON.stringify(reply).length
        take.reply = reply
        take.whole = true
        return transform.reply(reply)
      },
    }
  }
}
