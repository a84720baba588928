/** Milliseconds after which an old sample weighs 1/e beside a new one. */
const sampleTau = 10_000
/** Milliseconds after which what was measured last counts 1/e: what is not used is tried again. */
const idleTau = 120_000

/**
 * A moving average that believes bad news at once and good news slowly: a sample above the average becomes it, one
 * below pulls it down by the time that has passed. Unused it decays towards zero, so that whoever was slow once gets
 * another chance.
 */
export class PeakEwma {
  #value = 0
  #at = Number.NaN

  /** Whether anything was measured. */
  get known(): boolean {
    return !Number.isNaN(this.#at)
  }

  observe(sample: number, now: number): void {
    const value = this.read(now)
    if (!this.known || sample >= value) this.#value = sample
    else {
      const kept = Math.exp(-Math.max(0, now - this.#at) / sampleTau)
      this.#value = value * kept + sample * (1 - kept)
    }
    this.#at = now
  }

  /** The average now; 0 where nothing was measured. */
  read(now: number): number {
    if (Number.isNaN(this.#at)) return 0
    const idle = now - this.#at
    return idle <= 0 ? this.#value : this.#value * Math.exp(-idle / idleTau)
  }
}
