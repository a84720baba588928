/** Work on this machine's own files, without a server. Built by the composition root and handed in. */
export interface LocalWork {
  models: LocalModels
  doctor(options: { fsck: boolean }): Promise<LocalReport>
  /** Writes a backup of the stopped server's data as a tar archive. */
  backup(): AsyncGenerator<Uint8Array>
  restore(file: string): Promise<BackupSummary>
  close(): Promise<void>
}

export interface LocalModels {
  dir: string
  list(): Promise<LocalModel[]>
  pull(name: string, options: PullChoice): Promise<{ dir: string; bytes?: number }>
  add(
    name: string,
    source: string,
    options: { replace: boolean },
  ): Promise<{ dir: string; dimensions: number; digest: string; pinned: boolean }>
}

export interface LocalModel {
  name: string
  state: 'ready' | 'damaged' | 'available'
  dimensions?: number
  languages?: readonly string[]
  licence?: string
  bytes?: number
  digest?: string
  problem?: string
}

export interface PullChoice {
  replace: boolean
  hub?: string
  /** For a model that Plinth does not know: where it lies, and the SHA-256 of each file by its path there. */
  pinned?: { repository: string; revision: string; sha256: Record<string, string> }
  signal: AbortSignal
  onProgress(progress: { file: string; received: number; total: number }): void
}

export interface LocalReport {
  ok: boolean
  checks: {
    name: string
    result: 'ok' | 'warning' | 'failed'
    detail: string
    remedy: string | null
  }[]
}

export interface BackupSummary {
  createdAt: string
  engine: 'pglite' | 'postgres'
  files: number
  bytes: number
  /** What the archive does not hold, in words. */
  notes: string[]
}
