import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detect } from './detect.ts'

const file = new URL(
  '../../../../shared/data/presidio-research/generated_large.json',
  import.meta.url,
)

interface Sample {
  full_text: string
  spans: { entity_type: string; start_position: number; end_position: number }[]
}

/** The corpus' names of the kinds that are compared, and the least precision and recall of each. */
const promised: Record<string, { kind: string; precision: number; recall: number }> = {
  EMAIL_ADDRESS: { kind: 'EMAIL', precision: 0.98, recall: 0.98 },
  CREDIT_CARD: { kind: 'CREDIT_CARD', precision: 0.98, recall: 0.98 },
  IBAN_CODE: { kind: 'IBAN', precision: 0.98, recall: 0.98 },
  US_SSN: { kind: 'US_SSN', precision: 0.98, recall: 0.98 },
  IP_ADDRESS: { kind: 'IP_ADDRESS', precision: 0.9, recall: 0.98 },
  PHONE_NUMBER: { kind: 'PHONE', precision: 0.75, recall: 0.85 },
}

interface Count {
  hits: number
  found: number
  gold: number
}

function samples(): Sample[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Sample[]
  } catch (cause) {
    throw new Error('This test needs ../shared/data/presidio-research/generated_large.json.', {
      cause,
    })
  }
}

/** Overlap of two spans over their union. */
function overlap(a: { start: number; end: number }, b: { start: number; end: number }): number {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start)
  return Math.max(0, shared) / (Math.max(a.end, b.end) - Math.min(a.start, b.start))
}

async function countIn(sample: Sample, counts: Map<string, Count>): Promise<void> {
  const of = (kind: string) => {
    const count = counts.get(kind) ?? { hits: 0, found: 0, gold: 0 }
    counts.set(kind, count)
    return count
  }
  const gold = sample.spans
    .filter((span) => span.entity_type in promised)
    .map((span) => ({
      kind: promised[span.entity_type]!.kind,
      start: span.start_position,
      end: span.end_position,
    }))
  for (const span of gold) of(span.kind).gold++
  for (const finding of await detect(sample.full_text)) {
    const count = of(finding.kind)
    count.found++
    const at = gold.findIndex((span) => span.kind === finding.kind && overlap(span, finding) >= 0.5)
    if (at < 0) continue
    gold.splice(at, 1)
    count.hits++
  }
}

describe('detection on a public corpus', () => {
  it('keeps its promised precision and recall on presidio-research [M11.precision-recall]', async () => {
    const counts = new Map<string, Count>()
    for (const sample of samples()) await countIn(sample, counts)
    const rows = [...counts].map(([kind, { hits, found, gold }]) => ({
      kind,
      gold,
      found,
      precision: Number((hits / found).toFixed(3)),
      recall: Number((hits / gold).toFixed(3)),
    }))
    console.table(rows)
    for (const { kind, precision, recall } of Object.values(promised)) {
      const row = rows.find((r) => r.kind === kind)!
      expect(row.precision, `precision of ${kind}`).toBeGreaterThanOrEqual(precision)
      expect(row.recall, `recall of ${kind}`).toBeGreaterThanOrEqual(recall)
    }
  })
})
