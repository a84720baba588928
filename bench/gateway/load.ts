import autocannon from 'autocannon'

/** One stretch of load in a process of its own: options as JSON in the first argument, the figures as a message. */
export interface LoadOptions {
  url: string
  headers: Record<string, string>
  body: string
  clients: number
  seconds: number
}

export interface LoadFigures {
  requests_per_s: number
  p50_ms: number
  p99_ms: number
  errors: number
}

const { url, headers, body, clients, seconds } = JSON.parse(process.argv[2] ?? '{}') as LoadOptions
const result = await autocannon({
  url,
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body,
  connections: clients,
  duration: seconds,
  pipelining: 1,
})
const { requests, latency, errors, timeouts, non2xx } = result
const figures: LoadFigures = {
  requests_per_s: requests.total / result.duration,
  p50_ms: latency.p50,
  p99_ms: latency.p99,
  errors: errors + timeouts + non2xx,
}
process.send?.(figures)
process.disconnect?.()
