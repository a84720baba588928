import type { Sealer } from '#governance'
import { type PlinthError, toPlinthError } from '#kernel'
import type { ObjectStore } from '#ports'
import type { Store } from '#store'

/** What one check found. A remedy stands wherever the result is not `ok`. */
export interface Check {
  name: string
  result: 'ok' | 'warning' | 'failed'
  detail: string
  remedy: string | null
}

export interface Report {
  /** No check failed; warnings do not count. */
  ok: boolean
  checks: Check[]
}

/** What an index in memory holds, by its name `<organization>/<base>/<model or "lexical">`. */
export interface LoadedIndex {
  epoch: number
  documents: number
  chunks: number
  vectors: number
}

export interface ProviderState {
  name: string
  /** Undefined: it answers. */
  problem?: string
  note?: string
}

/** Everything the checks look at. What is absent is not there at this time (a stopped server has no index). */
export interface DoctorDeps {
  store: Store
  /** Organizations that the report covers. */
  organizationIds: readonly string[]
  objects: ObjectStore
  sealer: Sealer
  now(): Date
  paths: {
    dataDir: string
    /** Held by the process that uses the embedded database; absent with a PostgreSQL server. */
    lockFile?: string
    /** Files that hold keys: their mode must keep others out. */
    keyFiles: readonly { name: string; path: string; required: boolean }[]
    modelsDir: string
  }
  embedding: { embedder: string | null; off: string | null }
  /** Chat providers with whether they can be reached. */
  providers?(): Promise<ProviderState[]>
  indexes?(): Promise<Readonly<Record<string, LoadedIndex>>>
  /** Logs that the checkpoint signer refuses to sign. */
  signerProblems?(): ReadonlyMap<string, PlinthError>
  /** Whether a process works on jobs (a stopped server does not). */
  working: boolean
}

export const ok = (name: string, detail: string): Check => ({
  name,
  result: 'ok',
  detail,
  remedy: null,
})

export const warning = (name: string, detail: string, remedy: string): Check => ({
  name,
  result: 'warning',
  detail,
  remedy,
})

export const failed = (name: string, detail: string, remedy: string): Check => ({
  name,
  result: 'failed',
  detail,
  remedy,
})

/** A check that threw has failed: the others still run. */
export async function guarded(
  name: string,
  check: () => Promise<Check | readonly Check[]>,
): Promise<Check[]> {
  try {
    return [await check()].flat()
  } catch (thrown) {
    const error = toPlinthError(thrown)
    return [failed(name, error.message, error.remedy)]
  }
}
