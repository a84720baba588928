import cluster from 'node:cluster'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Family, Sample } from './exposition.ts'

/** Milliseconds between looks at the event loop. */
const resolution = 20

/** What this process uses, whoever uses it: processor, memory, and how long its event loop kept work waiting. */
export class ProcessMetrics {
  /** Which process of a port that several serve; nothing where there is one. */
  readonly labels: Readonly<Record<string, string>> = cluster.worker
    ? { process: String(cluster.worker.id) }
    : {}
  readonly #version: string
  readonly #startedAt = Math.round(performance.timeOrigin) / 1_000
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined

  constructor(version: string) {
    this.#version = version
  }

  start(): void {
    this.#delay ??= monitorEventLoopDelay({ resolution })
    this.#delay.enable()
  }

  stop(): void {
    this.#delay?.disable()
  }

  families(): Family[] {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage()
    return [
      gauge('plinth_build_info', 'Version of this Plinth and of its Node; always 1.', [
        { labels: { version: this.#version, node: process.versions.node }, value: 1 },
      ]),
      {
        name: 'process_cpu_seconds_total',
        help: 'Time of processors that this process took.',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('process_start_time_seconds', 'When this process started, since 1970.', [
        { value: this.#startedAt },
      ]),
      gauge('process_resident_memory_bytes', 'Memory of this process.', [{ value: rss }]),
      gauge('nodejs_memory_bytes', 'Memory of JavaScript by kind.', [
        { labels: { kind: 'heap_used' }, value: heapUsed },
        { labels: { kind: 'heap_total' }, value: heapTotal },
        { labels: { kind: 'external' }, value: external },
        { labels: { kind: 'array_buffers' }, value: arrayBuffers },
      ]),
      gauge(
        'nodejs_eventloop_delay_seconds',
        'How long the event loop kept work waiting, since the process started.',
        this.#delays(),
      ),
    ]
  }

  /** The histogram measures whole turns; what is beyond the resolution is the wait. */
  #delays(): Sample[] {
    const delay = this.#delay
    if (!delay || delay.count === 0) return []
    const seconds = (nanos: number) => Math.max(0, nanos / 1e9 - resolution / 1_000)
    return [
      ...[50, 90, 99].map((percent) => ({
        labels: { quantile: String(percent / 100) },
        value: seconds(delay.percentile(percent)),
      })),
      { labels: { quantile: '1' }, value: seconds(delay.max) },
    ]
  }
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}
