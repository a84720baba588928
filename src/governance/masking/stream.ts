import { settledUntil } from './cuts.ts'
import { detect, detectNow } from './detect.ts'
import { endsInPrivateKey, pemMax } from './detectors/keys.ts'
import type { DetectOptions, Finding } from './finding.ts'
import { type MaskOptions, mask, type Replacement } from './mask.ts'
import { openPlaceholder, type PlaceholderScope } from './placeholder.ts'

export interface MaskerOptions extends DetectOptions, MaskOptions {
  /** Hears each replacement as it is made; its offsets count from the beginning of the stream. */
  onReplacement?: (replacement: Replacement) => void
}

/** Most characters held back where no end is in sight (a private key is held to its end). */
const holdMax = 4_096
/** What a forced cut leaves behind, so that a finding at the end stays whole. */
const forcedRest = 512
/** Text already given out that the detectors still see: words that announce a number. */
const contextKept = 512
/** Without any of these there is nothing to find. */
const suspicious = /[\d@:<_-]|[a-f]\.[a-f]|\S{12}/i

/**
 * Masks a stream: what comes out, joined, is what `mask` makes of the whole text, however the text was split. Plain
 * words pass at once; a number waits for the words after it, and a stretch without any end is given out after 4,096
 * characters (a private key after 16,384).
 */
export class Masker {
  readonly #scope: PlaceholderScope
  readonly #options: MaskerOptions
  #context = ''
  #pending = ''
  #given = 0
  #givenMasked = 0

  constructor(scope: PlaceholderScope, options: MaskerOptions = {}) {
    this.#scope = scope
    this.#options = options
  }

  /** What can be said after this chunk. Calls must not overlap: await one before the next. */
  async push(chunk: string): Promise<string> {
    this.#pending += chunk
    let out = ''
    // Each turn gives out text or ends; a huge chunk is settled in one turn.
    for (let cut = this.#cut(); cut > 0; cut = this.#cut()) {
      const piece = await this.#give(cut)
      if (piece === undefined) break
      out += piece
    }
    return out
  }

  /** The rest, at the end of the stream. */
  async flush(): Promise<string> {
    return (await this.#give(this.#pending.length)) ?? ''
  }

  /** Characters held back at the moment. */
  get held(): number {
    return this.#pending.length
  }

  #cut(): number {
    const settled = settledUntil(this.#pending)
    if (settled > 0) return settled
    const limit = endsInPrivateKey(this.#pending) ? pemMax + holdMax : holdMax
    return this.#pending.length > limit ? this.#pending.length - forcedRest : 0
  }

  /**
   * Masks and gives out the first characters, fewer where the cut would tear something; undefined
   * where nothing is left.
   */
  async #give(wanted: number): Promise<string | undefined> {
    const findings = await this.#findings(wanted)
    const cut = wanted < this.#pending.length ? this.#untorn(wanted, findings) : wanted
    if (cut <= 0) return undefined
    const piece = this.#pending.slice(0, cut)
    const inside = findings.filter((f) => f.start < cut)
    const { text, replacements } = mask(piece, inside, this.#scope.mint, this.#options)
    this.#report(replacements)
    this.#given += cut
    this.#givenMasked += text.length
    this.#context = (this.#context + piece).slice(-contextKept)
    this.#pending = this.#pending.slice(cut)
    return text
  }

  /** Findings that begin before the cut, with offsets into the pending text. */
  async #findings(cut: number): Promise<Finding[]> {
    if (!suspicious.test(this.#pending.slice(0, cut))) return []
    const offset = this.#context.length
    const text = this.#context + this.#pending
    const found = detectNow(text, this.#options) ?? (await detect(text, this.#options))
    return found
      .filter((f) => f.start >= offset && f.start < offset + cut)
      .map((f) => ({ ...f, start: f.start - offset, end: f.end - offset }))
  }

  #report(replacements: readonly Replacement[]): void {
    for (const r of replacements) {
      this.#options.onReplacement?.({
        ...r,
        start: r.start + this.#given,
        end: r.end + this.#given,
        maskedStart: r.maskedStart + this.#givenMasked,
        maskedEnd: r.maskedEnd + this.#givenMasked,
      })
    }
  }

  /**
   * The cut, moved back so that it tears no finding, no character and nothing of placeholder shape.
   */
  #untorn(wanted: number, findings: readonly Finding[]): number {
    const torn = findings.find((f) => f.start < wanted && f.end > wanted)
    // A finding at the very beginning must go out as a whole once too much is held.
    if (torn?.start === 0) return this.#pending.length > holdMax ? torn.end : 0
    let cut = torn ? torn.start : wanted
    const code = this.#pending.charCodeAt(cut - 1)
    if (code >= 0xd800 && code <= 0xdbff) cut--
    return openPlaceholder(this.#pending.slice(0, cut))
  }
}

/**
 * Masks streamed model output. Placeholders of the same scope that the model repeats stay as they are (`existing:
 * 'keep'`, unless the options say otherwise). Empty chunks are not passed on.
 */
export async function* maskStream(
  source: AsyncIterable<string> | Iterable<string>,
  scope: PlaceholderScope,
  options: MaskerOptions = {},
): AsyncGenerator<string> {
  const masker = new Masker(scope, { existing: 'keep', ...options })
  for await (const chunk of source) {
    const text = await masker.push(chunk)
    if (text !== '') yield text
  }
  const rest = await masker.flush()
  if (rest !== '') yield rest
}
