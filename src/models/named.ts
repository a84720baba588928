/** A resource as routing reads it: what the snapshot holds. */
export interface Named<S> {
  name: string
  /** Version digest, where it is a stored one. */
  digest?: string
  spec: S
}
