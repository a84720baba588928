/** What each first try adds: retries are at most a fifth of the requests. */
const perRequest = 0.2
/** So many retries are there at the start, and so many can be saved. */
const reserve = 10
const most = 100

/** A bucket of retries that only requests fill: when everything fails, retries do not multiply the load. */
export class RetryBudget {
  #tokens = reserve

  /** A request made its first try. */
  deposit(): void {
    this.#tokens = Math.min(most, this.#tokens + perRequest)
  }

  /** Whether a further try may be made; it is paid for then. */
  withdraw(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
