import type { Document, DocumentText } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { EmptyState } from '../../components/States.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { saveFile } from '../../data/files.ts'
import { formatName } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { isPdf, NoOriginal } from '../../viewer/NoOriginal.tsx'
import { PdfView } from '../../viewer/PdfView.tsx'
import type { TextSpan } from '../../viewer/text-groups.ts'

interface OriginalViewProps {
  document: Document
  version: string | undefined
  spans: TextSpan[]
  page: number | undefined
}

/** The file as it came. PDF pages are drawn here; other formats are handed to the program that made them. */
export function OriginalView({ document, version, spans, page }: OriginalViewProps) {
  const text = useQuery(queries.documentText(document.id, version))
  return (
    <Loaded query={text} lines={12}>
      {(stored) => {
        if (!stored.originalAvailable) return <NoOriginal document={stored} />
        if (isPdf(stored)) return <PdfView document={stored} spans={spans} page={page} />
        return <SaveOriginal document={document} stored={stored} />
      }}
    </Loaded>
  )
}

function SaveOriginal({ document, stored }: { document: Document; stored: DocumentText }) {
  const [failed, setFailed] = useState<unknown>()
  const save = async () => {
    try {
      const bytes = await plinth.documents.original(document.id, stored.versionId)
      saveFile(document.externalId.split('/').at(-1) ?? document.title, bytes)
    } catch (cause) {
      setFailed(cause)
    }
  }
  return (
    <>
      <EmptyState
        title={`${formatName(stored.mediaType)} opens in its own program`}
        action={
          <Button variant="primary" icon={<Download aria-hidden />} onClick={() => void save()}>
            Save the original
          </Button>
        }
      >
        The text view shows what was read from it, with headings, lists and tables.
      </EmptyState>
      {failed ? <ErrorPanel problem={problemOf(failed)} /> : null}
    </>
  )
}
