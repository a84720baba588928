import type { DocumentText } from '@plinth/sdk'

export function isPdf(document: DocumentText): boolean {
  return document.mediaType === 'application/pdf'
}

/** Why there is text where a reader may expect the page. */
export function NoOriginal({ document }: { document: DocumentText }) {
  if (document.originalAvailable) return null
  return (
    <p className="shrink-0 border-b border-line bg-sunken px-4 py-2 text-small text-ink-2">
      This is the stored text. The original is not shown: it is gone, or it holds personal data that
      is masked here and that you may not see.
    </p>
  )
}
