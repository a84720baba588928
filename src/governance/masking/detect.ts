import { findCards } from './detectors/card.ts'
import { findEmails } from './detectors/email.ts'
import { findIbans } from './detectors/iban.ts'
import { findJwts, findPlinthKeys, findPrivateKeys } from './detectors/keys.ts'
import { findNationalIds } from './detectors/national-ids.ts'
import { findIpAddresses, findMacAddresses } from './detectors/network.ts'
import { findPhones } from './detectors/phone.ts'
import { findSecretAssignments } from './detectors/secret-assignments.ts'
import { findBySecretRules, needsSecretRules } from './detectors/secret-rules.ts'
import { findUrlCredentials } from './detectors/url-credentials.ts'
import type { DetectOptions, Detector, Finding, View } from './finding.ts'
import { type Kind, kinds, wantedKinds } from './kinds.ts'
import { resolveOverlaps } from './overlap.ts'

/** Regions whose national phone formats are recognised when the caller names none. */
export const defaultRegions = ['US', 'GB', 'DE'] as const

/**
 * Long texts are read in windows: findings that start in a window's core count, and the margins are
 * longer than any detector looks, so that the windows' seams change nothing.
 */
const coreChars = 64 * 1024
const marginBefore = 512
const marginAfter = 20 * 1024

/** What each detector finds, and a text without which it cannot find anything. */
const detectors: readonly { finds: readonly Kind[]; detect: Detector; needs: RegExp }[] = [
  { finds: ['EMAIL'], detect: findEmails, needs: /@/ },
  { finds: ['URL_CREDENTIALS'], detect: findUrlCredentials, needs: /:\/\/[^/]{0,512}@/ },
  { finds: ['CREDIT_CARD'], detect: findCards, needs: /\d{4}/ },
  { finds: ['IBAN'], detect: findIbans, needs: /[A-Za-z]{2}\d\d/ },
  {
    finds: kinds.filter((kind) => /^[A-Z]{2}_/.test(kind) && kind !== 'IP_ADDRESS'),
    detect: findNationalIds,
    needs: /\d/,
  },
  { finds: ['IP_ADDRESS'], detect: findIpAddresses, needs: /\d\.\d|[0-9a-f:]:[0-9a-f:]/i },
  { finds: ['MAC_ADDRESS'], detect: findMacAddresses, needs: /[0-9a-f]{2}[:.-][0-9a-f]{2}/i },
  { finds: ['JWT'], detect: findJwts, needs: /eyJ/ },
  { finds: ['PRIVATE_KEY'], detect: findPrivateKeys, needs: /-----BEGIN/ },
  { finds: ['SECRET'], detect: findPlinthKeys, needs: /plk_/ },
  {
    finds: ['SECRET'],
    detect: findSecretAssignments,
    needs: /[:=]|bearer|basic|A[A-Z3]{3}|ya29|GOCSPX/i,
  },
  { finds: ['PHONE'], detect: findPhones, needs: /\d{2}/ },
]

/**
 * Personal data and secrets in a text of any length, without overlaps, in text order.
 * Time grows linearly with the text. Throws INVALID_INPUT where `entities` names an unknown kind.
 */
export async function detect(text: string, options: DetectOptions = {}): Promise<Finding[]> {
  const found: Finding[] = []
  for (const { view, from, until, offset } of windows(text, options)) {
    const all = run(view)
    if (needsSecretRules(view))
      for (const finding of await findBySecretRules(view)) all.push(finding)
    keep(all, found, { from, until, offset })
  }
  return resolveOverlaps(found)
}

/**
 * The same without waiting, or undefined where the text may hold a vendor's access token, whose rules load lazily:
 * then call `detect`.
 */
export function detectNow(text: string, options: DetectOptions = {}): Finding[] | undefined {
  const found: Finding[] = []
  for (const { view, from, until, offset } of windows(text, options)) {
    if (needsSecretRules(view)) return undefined
    keep(run(view), found, { from, until, offset })
  }
  return resolveOverlaps(found)
}

function run(view: View): Finding[] {
  const found: Finding[] = []
  for (const detector of detectors) {
    if (!detector.finds.some((kind) => view.wanted.has(kind)) || !detector.needs.test(view.text))
      continue
    for (const finding of detector.detect(view)) found.push(finding)
  }
  return found
}

interface Core {
  /** Offsets within the view. */
  from: number
  until: number
  /** Where the view begins in the text. */
  offset: number
}

function keep(all: readonly Finding[], found: Finding[], { from, until, offset }: Core): void {
  for (const finding of all) {
    if (finding.start < from || finding.start >= until) continue
    found.push({ ...finding, start: finding.start + offset, end: finding.end + offset })
  }
}

function* windows(text: string, options: DetectOptions): Generator<Core & { view: View }> {
  const wanted = wantedKinds(options.entities)
  const regions = options.regions ?? defaultRegions
  for (let core = 0; core < text.length || core === 0; core += coreChars) {
    const offset = Math.max(0, core - marginBefore)
    const whole = text.length <= coreChars + marginAfter
    const end = whole ? text.length : Math.min(text.length, core + coreChars + marginAfter)
    const until = whole ? text.length : core + coreChars - offset
    yield {
      view: { text: text.slice(offset, end), wanted, regions },
      from: core - offset,
      until,
      offset,
    }
    if (whole) return
  }
}
