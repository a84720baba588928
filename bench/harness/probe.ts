import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into a server by `--import`: measures the event loop's delay inside it, and tells when asked over the channel
 * to the process that started it. Each question begins a new measurement.
 */
export interface LoopDelay {
  p50Ms: number
  p99Ms: number
  maxMs: number
  heapMb: number
}

// Worker threads and parser processes inherit `--import`; only the server itself is measured.
if (
  isMainThread &&
  process.env.PLINTH_BENCH_PROBE === '1' &&
  /main\.ts$/.test(process.argv[1] ?? '')
) {
  delete process.env.PLINTH_BENCH_PROBE
  const resolution = 1
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  process.on('message', (message) => {
    if (message !== 'loop-delay') return
    // What is recorded is the time between two looks; without delay that is the resolution itself.
    const ms = (ns: number) => Math.max(0, ns / 1e6 - resolution)
    const answer: LoopDelay = {
      p50Ms: ms(delay.percentile(50)),
      p99Ms: ms(delay.percentile(99)),
      maxMs: ms(delay.max),
      heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    }
    delay.reset()
    process.send?.(answer)
  })
  process.channel?.unref()
}
