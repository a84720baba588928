import { detect, mapOffset, mask, PlaceholderScope, type Replacement } from '#governance'
import { regionsOf } from './masking.ts'
import type { Answered, Citation, Unsupported } from './parts.ts'
import type { Conclusion } from './refusing.ts'

/** Stands for a question of which nothing may be kept, because it was refused before masking. */
const unread = '(not read)'

/** What the trace holds of a question and its answer. */
export interface KeptText {
  question: string
  text: string
  reason: string | null
  citations: Omit<Citation, 'quote'>[]
  unsupported: Unsupported[]
  checks: Conclusion['checks']
}

/**
 * A trace is read by others than the asker: whatever the guardrail lets the model read and the asker see, it holds no
 * personal data. Offsets are those of the masked answer.
 */
export async function keptText(conclusion: Conclusion, answered: Answered): Promise<KeptText> {
  const { access, asked, checks } = conclusion
  const { mint } = asked?.scope ?? new PlaceholderScope()
  const options = access ? { regions: regionsOf(access) } : {}
  const masked = async (text: string) =>
    mask(text, await detect(text, options), mint, { existing: 'keep' })
  let question = asked?.text ?? unread
  if (asked && !asked.maskedInput) question = (await masked(question)).text
  const said = asked?.maskOutput ? unchanged(answered.text) : await masked(answered.text)
  let { reason } = answered
  if (reason !== null && !asked?.maskOutput) {
    reason = reason === answered.text ? said.text : (await masked(reason)).text
  }
  const at = (offset: number, side: 'start' | 'end') => mapOffset(said.replacements, offset, side)
  return {
    question,
    text: said.text,
    reason,
    citations: answered.citations.map(({ quote: _, ...one }) => ({
      ...one,
      sentenceStart: at(one.sentenceStart, 'start'),
      sentenceEnd: at(one.sentenceEnd, 'end'),
    })),
    unsupported: answered.unsupported.map((one) => ({
      ...one,
      start: at(one.start, 'start'),
      end: at(one.end, 'end'),
    })),
    checks: checks.map((one) =>
      one.detail === answered.reason && reason !== null ? { ...one, detail: reason } : one,
    ),
  }
}

function unchanged(text: string): { text: string; replacements: Replacement[] } {
  return { text, replacements: [] }
}
