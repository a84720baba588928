/** RFC 9457 problem details, with Plinth's code, where and remedy. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  where?: string
  remedy: string
  requestId: string
  /** All findings where a request had several. */
  problems?: { where: string; detail: string; remedy: string }[]
}

export interface Paging {
  limit?: number | undefined
  /** Opaque; from the previous page. */
  cursor?: string | undefined
}

export interface Page<T> {
  items: T[]
  nextCursor: string | null
  total?: number
}

export interface StoredError {
  code: string
  detail: string
  where?: string
  remedy?: string
}

export interface Acknowledged {
  ok: true
  auditSeq?: number
}
