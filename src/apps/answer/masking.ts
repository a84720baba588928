import type { Candidate, Found, Ground, GroundCandidate } from '#data'
import { detect, mapMaskedOffset, mask, PlaceholderScope, type Replacement } from '#governance'
import type { Span } from '#kernel'
import type { AnswerAccess } from './authorizing.ts'
import type { ShownPassage } from './parts.ts'
import { toShown } from './passages.ts'
import type { Run } from './run.ts'
import { nextTurn } from './turns.ts'

/** The question as models see it. */
export interface AskedText {
  /** Masked where the guardrail says so; what is retrieved with, sent and kept in the asker's own conversation. */
  text: string
  /** Placeholders of this answer: question, passages and output share one scope. */
  scope: PlaceholderScope
  maskedInput: boolean
  maskOutput: boolean
}

/** Passages as the asker and the model may see them, with the way back to true offsets. */
export interface ReadablePassages {
  candidates: GroundCandidate[]
  shown(ground: Ground): ShownPassage[]
  /** Offset in the version's stored text for an offset counted in the masked passage. */
  storedOffset(chunkId: string, offset: number, side: 'start' | 'end'): number
  byChunk: ReadonlyMap<string, Candidate>
}

/** Replaces personal data in the question where the guardrail asks for it. */
export async function maskQuestion(run: Run, access: AnswerAccess, span: Span): Promise<AskedText> {
  const scope = new PlaceholderScope()
  const { personalData } = access.guardrail.spec
  const mayUnmask = run.context.principal.permissions.has('documents.unmask')
  const asked: AskedText = {
    text: run.question.text,
    scope,
    maskedInput: personalData.input === 'mask',
    maskOutput: personalData.output === 'mask' && !mayUnmask,
  }
  if (!asked.maskedInput) return asked
  const findings = await detect(run.question.text, { regions: regionsOf(access) })
  span.attributes.findings = findings.length
  if (findings.length === 0) return asked
  const masked = mask(run.question.text, findings, scope.mint, { existing: 'keep' })
  return { ...asked, text: masked.text }
}

/** What an endpoint says of its failure may repeat anything: it is told and kept without personal data. */
export async function maskFault(message: string, scope = new PlaceholderScope()): Promise<string> {
  return mask(message, await detect(message), scope.mint, { existing: 'keep' }).text
}

/**
 * Personal data that the asker may not see is replaced in the passages before any model reads them, so that no answer
 * can repeat it; offsets keep pointing into the stored text.
 */
export async function maskPassages(what: {
  access: AnswerAccess
  asked: AskedText
  found: Found
  span: Span
}): Promise<ReadablePassages> {
  const { access, asked, found, span } = what
  if (asked.maskOutput) await nextTurn()
  const replaced = new Map<string, readonly Replacement[]>()
  const byChunk = new Map<string, Candidate>()
  const candidates: GroundCandidate[] = []
  for (const candidate of found.candidates) {
    const chunkId = String(candidate.chunkId)
    byChunk.set(chunkId, candidate)
    const masked = asked.maskOutput ? await maskText(candidate.text, asked, access) : undefined
    if (masked) replaced.set(chunkId, masked.replacements)
    candidates.push(toGroundCandidate(candidate, masked?.text ?? candidate.text))
  }
  span.attributes.passages = candidates.length
  return {
    candidates,
    byChunk,
    shown: (ground) => toShown(ground, byChunk),
    storedOffset: (chunkId, offset, side) => {
      const start = byChunk.get(chunkId)?.start ?? 0
      const replacements = replaced.get(chunkId)
      if (!replacements) return offset
      return start + mapMaskedOffset(replacements, offset - start, side)
    },
  }
}

async function maskText(
  text: string,
  asked: AskedText,
  access: AnswerAccess,
): Promise<{ text: string; replacements: readonly Replacement[] } | undefined> {
  const findings = await detect(text, { regions: regionsOf(access) })
  if (findings.length === 0) return undefined
  return mask(text, findings, asked.scope.mint, { existing: 'keep' })
}

export function regionsOf(access: AnswerAccess): string[] {
  return [...new Set(access.bases.flatMap((base) => base.spec.masking.regions))]
}

function toGroundCandidate(candidate: Candidate, text: string): GroundCandidate {
  return {
    chunkId: String(candidate.chunkId),
    documentId: candidate.documentId,
    documentVersionId: candidate.versionId,
    title: candidate.title,
    headingPath: candidate.headingPath,
    text,
    start: candidate.start,
    end: candidate.start + text.length,
    score: candidate.score,
    ...(candidate.page === null ? {} : { page: candidate.page }),
    ...(candidate.pageEnd === null ? {} : { pageEnd: candidate.pageEnd }),
    ...(candidate.lexical ? { lexicalScore: candidate.lexical.score } : {}),
    ...(candidate.dense ? { denseScore: candidate.dense.score } : {}),
    ...dateOf(candidate),
  }
}

/** A date in the metadata lets the newer of two contradicting documents win. */
function dateOf(candidate: Candidate): { date?: string } {
  for (const field of ['effective', 'effectiveDate', 'date', 'published', 'modified', 'sent']) {
    const value = candidate.metadata[field]
    if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}/.test(value)) return { date: value }
  }
  return {}
}
