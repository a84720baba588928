/** Where originals, parsed layouts, index segments and exports lie. Keys are `/`-separated, `[A-Za-z0-9._-]` between. */
export interface ObjectStore {
  readonly version: 'object-store/1'
  readonly id: string
  /** Writes whole or not at all (a crash leaves no torn object); overwriting is allowed. */
  put(key: string, bytes: Uint8Array | NodeJS.ReadableStream): Promise<void>
  /** Throws NOT_FOUND. */
  get(key: string): Promise<Uint8Array>
  open(key: string): Promise<NodeJS.ReadableStream>
  has(key: string): Promise<boolean>
  /** Deleting what is absent is no error. */
  delete(key: string): Promise<void>
  /** Where an object lies on this machine's disk, for readers that want a path; absent for remote stores. */
  pathOf?(key: string): string
  /** Keys under a prefix, in lexical order. */
  list(prefix: string): AsyncIterable<string>
}
