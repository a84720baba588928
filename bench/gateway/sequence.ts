import { Agent, request } from 'node:http'
import { quantile } from '../harness/report.ts'

/** One request after the other on one connection; milliseconds to the first byte and to the end, in quantiles. */
export async function oneByOne(
  target: { url: string; headers: Record<string, string> },
  body: string,
  times: number,
): Promise<{ p50_ms: number; p99_ms: number; first_p50_ms: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const whole: number[] = []
  const first: number[] = []
  for (let i = 0; i < times; i++) {
    const one = await timed(target, body, agent)
    if (i < times / 10) continue
    whole.push(one.whole)
    first.push(one.first)
  }
  agent.destroy()
  return {
    p50_ms: quantile(whole, 0.5),
    p99_ms: quantile(whole, 0.99),
    first_p50_ms: quantile(first, 0.5),
  }
}

function timed(
  target: { url: string; headers: Record<string, string> },
  body: string,
  agent: Agent,
): Promise<{ whole: number; first: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let first = 0
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...target.headers,
    }
    const sent = request(target.url, { method: 'POST', agent, headers }, (answer) => {
      if (answer.statusCode !== 200)
        reject(new Error(`${target.url} answered ${answer.statusCode}`))
      answer.on('data', () => {
        first ||= performance.now() - began
      })
      answer.on('end', () => resolve({ whole: performance.now() - began, first }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
