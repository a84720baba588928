import type { Dispatcher } from 'undici'
import { PlinthError } from '#kernel'
import type { DispatchRequest, OutboundExchange, OutboundReceiver, OutboundTarget } from '#ports'
import type { Bounded, Deadlines } from './deadlines.ts'
import { explainFailure } from './explain.ts'

type Step = 'connection' | 'first byte' | 'next byte' | 'reader' | 'over'

/**
 * One exchange by undici's `dispatch`: bytes go from socket to receiver without a promise or stream between them
 * (measured at six to eight times `fetch`). Time-outs: total, connection, first byte, and idle while a byte is awaited.
 */
export class Exchange implements OutboundExchange, Bounded, Dispatcher.DispatchHandler {
  deadline: number
  readonly #target: OutboundTarget
  readonly #request: DispatchRequest
  readonly #receiver: OutboundReceiver
  readonly #deadlines: Deadlines
  readonly #end: number
  readonly #firstByteAt: number
  #controller: Dispatcher.DispatchController | undefined
  #step: Step = 'connection'
  #bytes = 0
  #held: boolean

  constructor(
    target: OutboundTarget,
    request: DispatchRequest,
    with_: { receiver: OutboundReceiver; deadlines: Deadlines },
  ) {
    this.#target = target
    this.#request = request
    this.#receiver = with_.receiver
    this.#deadlines = with_.deadlines
    this.#held = request.held === true
    const { totalMs, firstByteMs, connectMs = firstByteMs } = request.timeouts
    const now = performance.now()
    this.#end = now + totalMs
    this.deadline = Math.min(this.#end, now + firstByteMs, now + connectMs)
    this.#firstByteAt = now + firstByteMs
    this.#deadlines.add(this)
  }

  /** Sends it. A request that is broken off before it was sent never reaches the other side. */
  start(dispatcher: Dispatcher): void {
    if (this.#step === 'over') return
    const { method, headers, body } = this.#request
    dispatcher.dispatch(
      {
        origin: this.#target.origin,
        path: this.#target.path,
        method,
        headers: headers ?? {},
        body: body ?? null,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      this,
    )
  }

  abort(): void {
    if (this.#step === 'over') return
    this.#finish()
    this.#controller?.abort(new PlinthError('CANCELLED', 'The call was cancelled.'))
  }

  resume(): void {
    if (this.#step !== 'reader') return
    this.#held = false
    this.#await('next byte', this.#request.timeouts.idleMs)
    this.#controller?.resume()
  }

  release(): void {
    if (!this.#held || this.#step === 'over') return
    this.#held = false
    // A reader that is at work on the first bytes still has to say that it goes on.
    if (this.#step !== 'reader') this.#await('next byte', this.#request.timeouts.idleMs)
  }

  late(): void {
    const { totalMs, firstByteMs, idleMs, connectMs } = this.#request.timeouts
    const now = performance.now()
    const what =
      now >= this.#end
        ? `did not finish within ${totalMs} ms`
        : this.#step === 'connection' && now < this.#firstByteAt
          ? `could not be connected to within ${connectMs} ms`
          : this.#step === 'connection' || this.#step === 'first byte'
            ? `sent nothing within ${firstByteMs} ms`
            : `fell silent for ${idleMs} ms`
    this.fail(new PlinthError('UPSTREAM_TIMEOUT', `${hostOf(this.#target)} ${what}.`))
  }

  fail(error: PlinthError): void {
    if (this.#step === 'over') return
    this.#finish()
    this.#controller?.abort(error)
    this.#receiver.error(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#step === 'over') {
      controller.abort(new PlinthError('CANCELLED', 'The call was cancelled.'))
    } else if (this.#step === 'connection') {
      this.#step = 'first byte'
      this.deadline = Math.min(this.#end, this.#firstByteAt)
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#step === 'over' || status < 200) return
    this.#receiver.head(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    // Resumed in the midst of a chunk, the parser gives what is left of its read: nothing. A pause for that, ended in a
    // microtask, would bring the same again without end, and the event loop would stand still.
    if (this.#step === 'over' || bytes.length === 0) return
    this.#bytes += bytes.length
    if (this.#bytes > this.#request.maxBytes) {
      const detail = `${hostOf(this.#target)} could not be used: it sent more than ${this.#request.maxBytes} bytes.`
      this.fail(new PlinthError('UPSTREAM_FAILED', detail))
      return
    }
    if (!this.#held) this.#await('next byte', this.#request.timeouts.idleMs)
    if (this.#receiver.data(bytes)) return
    if ((this.#step as Step) === 'over') return
    // While the reader does not read, only the total time counts.
    this.#step = 'reader'
    this.deadline = this.#end
    controller.pause()
  }

  onResponseEnd(): void {
    if (this.#step === 'over') return
    this.#finish()
    this.#receiver.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#step === 'over') return
    this.#finish()
    this.#receiver.error(explainFailure(error, hostOf(this.#target)))
  }

  #await(step: Step, ms: number): void {
    this.#step = step
    this.deadline = Math.min(this.#end, performance.now() + ms)
  }

  #finish(): void {
    this.#step = 'over'
    this.#deadlines.delete(this)
  }
}

function hostOf(target: OutboundTarget): string {
  return target.origin.replace(/^https?:\/\//, '')
}
