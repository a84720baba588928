import type { Kind } from './kinds.ts'

/** One stretch of personal data or a secret. Offsets are UTF-16 code units, end exclusive. */
export interface Finding {
  kind: Kind
  start: number
  end: number
  /** 0 to 1: pattern, check digit and words around it together; at least `acceptScore`. */
  score: number
  /**
   * Which rule found it, for the explanation beside a finding: `iban.mod97`,
   * `phone.region+context`.
   */
  rule: string
}

export interface DetectOptions {
  /** Kinds to look for; none named means all. */
  entities?: readonly string[]
  /** Regions (ISO 3166, two letters) whose national phone formats are recognised. */
  regions?: readonly string[]
}

/** What a detector sees: a text, or a window of a long one. */
export interface View {
  text: string
  wanted: ReadonlySet<Kind>
  regions: readonly string[]
}

export type Detector = (view: View) => Finding[]

/** A finding below this score is dropped. */
export const acceptScore = 0.5
