import { performance } from 'node:perf_hooks'
import { newId } from './ids.ts'
import { limits } from './limits.ts'

export type SpanValue = string | number | boolean | null | readonly string[] | readonly number[]

/** One step of a trace. Times are milliseconds; `startMs` counts from the start of the trace. */
export interface Span {
  name: string
  startMs: number
  durationMs: number
  status: 'ok' | 'error'
  attributes: Record<string, SpanValue>
  children: Span[]
}

/**
 * The spans of one question or one document while it runs; the names are the verbs of the pipelines.
 * Attributes hold counts, names and scores, never text of people or documents. Bounded by `limits.spansPerTrace`.
 */
export class Trace {
  readonly id: string
  readonly startedAt: Date
  readonly spans: Span[] = []
  readonly #zero = performance.now()
  #count = 0

  constructor(now: Date = new Date()) {
    this.id = newId('trc', now.getTime())
    this.startedAt = now
  }

  /** Milliseconds since the trace began. */
  elapsedMs(): number {
    return performance.now() - this.#zero
  }

  /** Opens a span below `parent` (or at the top); close it with `end`. */
  start(name: string, parent?: Span): Span {
    const span: Span = {
      name,
      startMs: this.elapsedMs(),
      durationMs: 0,
      status: 'ok',
      attributes: {},
      children: [],
    }
    if (++this.#count <= limits.spansPerTrace) (parent?.children ?? this.spans).push(span)
    return span
  }

  end(span: Span, attributes: Record<string, SpanValue> = {}): void {
    span.durationMs = this.elapsedMs() - span.startMs
    Object.assign(span.attributes, attributes)
  }

  /** Runs one step inside a span; a thrown error marks it and goes on. */
  async step<T>(name: string, work: (span: Span) => Promise<T> | T): Promise<T> {
    const span = this.start(name)
    try {
      return await work(span)
    } catch (error) {
      span.status = 'error'
      span.attributes.error = error instanceof Error ? error.name : 'error'
      throw error
    } finally {
      this.end(span)
    }
  }
}
