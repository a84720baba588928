/** A text that was sent for a document: version n of it. `acknowledged`: the server said that it has it. */
export interface SentVersion {
  version: number
  acknowledged: boolean
}

export interface AcknowledgedAnswer {
  traceId: string
  auditSeq: number
  conversationId: string
  question: string
  text: string
}

/** What the clients sent and what the server promised before it was killed. */
export class Ledger {
  /** By external id, in the order sent. */
  readonly documents = new Map<string, SentVersion[]>()
  readonly answers: AcknowledgedAnswer[] = []
  /** Scans that were acknowledged: ids of their jobs, and the files that lay in the folder when each was asked for. */
  readonly scans: { jobId: string; files: number }[] = []
  filesWritten = 0
  brokenRequests = 0

  /** Notes that a text is about to be sent; the result is to be marked when the server acknowledges. */
  send(externalId: string): SentVersion {
    const sent = this.documents.get(externalId) ?? []
    this.documents.set(externalId, sent)
    const one = { version: sent.length + 1, acknowledged: false }
    sent.push(one)
    return one
  }

  /** A request that joins a scan which is under way gets that one's id: it may have read the folder already. */
  noteScan(jobId: string, files: number): void {
    if (!this.scans.some((one) => one.jobId === jobId)) this.scans.push({ jobId, files })
  }

  get acknowledgedDocuments(): number {
    return [...this.documents.values()].filter((sent) => sent.some((one) => one.acknowledged))
      .length
  }
}

/** The word by which a version of a document is known. */
export function codeOf(externalId: string, version: number): string {
  return `code-${externalId.replace(/\W/g, '-')}-v${version}-end`
}
