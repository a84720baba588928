import type { Flight, ForwardRecord, KeptAnswer, Said } from '#models'
import type { Account } from '../accounting.ts'
import { costOfAnswer, gpuTimeOf } from '../prices.ts'
import type { Recorder } from './recorder.ts'

/** Reasons to finish that say: this is all there is to say. Every other one was cut, refused, or wants to act. */
const whole: ReadonlySet<string> = new Set(['stop', 'end_turn', 'stop_sequence'])
const refusalMember = /"refusal"\s*:\s*"/

/** What of an answer can be given again; or why nothing can. */
export function keepable(
  account: Account,
  record: ForwardRecord | undefined,
  given: { flight: Flight; recorder: Recorder | undefined; ttlMs: number },
): KeptAnswer | string {
  if (record?.outcome !== 'ok' || !record.answered) return 'not whole'
  const { answered, seen } = record
  if (!whole.has(seen.finish ?? '')) return `ended with ${seen.finish ?? 'no reason'}`
  const { flight, recorder } = given
  const said = recorder ? recorder.said : saidIn(flight)
  if (!said) return 'too long'
  if (isRefusal(said)) return 'a refusal'
  const now = account.house.clock.now().getTime()
  return {
    said,
    bytes: bytesOf(said),
    keptAt: now,
    until: now + given.ttlMs,
    contentType: flight.contentType,
    name: answered.name,
    provider: answered.provider.name,
    upstreamModel: answered.model.spec.upstreamModel,
    costNanousd: costOfAnswer(
      answered,
      { seen, gpuMs: gpuTimeOf(answered, record.totalMs, now) },
      now,
    ),
    tokens: seen.inputTokens + seen.outputTokens,
  }
}

function saidIn(flight: Flight): Said | undefined {
  const body = flight.said
  return body && { kind: 'bytes', body }
}

function isRefusal(said: Said): boolean {
  if (said.kind === 'bytes') return refusalMember.test(said.body.toString('latin1'))
  if (said.kind === 'events') return said.events.some(({ type }) => type === 'refusal')
  return said.reply.choices.some(({ content }) => content.some(({ type }) => type === 'refusal'))
}

function bytesOf(said: Said): number {
  return said.kind === 'bytes' ? said.body.length : 2 * JSON.stringify(said).length
}
