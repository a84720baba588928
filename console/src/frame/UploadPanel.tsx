import { Check, Minus, RotateCw, TriangleAlert, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from '../components/Button.tsx'
import { Progress } from '../components/States.tsx'
import { bytesText, plural } from '../data/format.ts'
import {
  cancelUpload,
  dismissUploads,
  type FileUpload,
  retryUpload,
  useUploads,
} from '../data/uploads.ts'

/** The files on their way, on whatever page the person is. */
export function UploadPanel() {
  const uploads = useUploads()
  const [folded, setFolded] = useState(false)
  const under = uploads.some(({ state }) => state === 'waiting' || state === 'sending')
  useEffect(() => {
    if (!under) return
    const leaving = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', leaving)
    return () => removeEventListener('beforeunload', leaving)
  }, [under])
  if (uploads.length === 0) return null
  const failed = uploads.filter(({ state }) => state === 'failed').length
  const done = uploads.filter(({ state }) => state === 'sent' || state === 'unchanged').length
  return (
    <section
      aria-label="Uploads"
      className="fixed right-3 bottom-3 z-30 w-[calc(100vw-24px)] max-w-100 rounded-lg border
        border-line bg-raised shadow-popover"
    >
      <div className="flex h-10 items-center gap-1 border-b border-line pr-1 pl-3">
        <span role="status" className="min-w-0 flex-1 truncate font-medium">
          {done} of {plural(uploads.length, 'file')} sent{failed > 0 ? `, ${failed} failed` : ''}
        </span>
        <IconButton
          label={folded ? 'Show the files' : 'Fold'}
          onClick={() => setFolded(!folded)}
          aria-expanded={!folded}
        >
          <Minus aria-hidden />
        </IconButton>
        <IconButton
          label={under ? 'Stop all and close' : 'Close'}
          onClick={() => dismissUploads('all')}
        >
          <X aria-hidden />
        </IconButton>
      </div>
      {folded ? null : (
        <ul className="max-h-72 overflow-y-auto py-1">
          {uploads.map((upload) => (
            <Line key={upload.key} upload={upload} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Line({ upload }: { upload: FileUpload }) {
  const { key, file, state, received, problem } = upload
  const notes = {
    waiting: 'waiting',
    sending: `${bytesText(received)} of ${bytesText(file.size)}`,
    sent: 'sent, being read',
    unchanged: 'known already, unchanged',
    failed: '',
    cancelled: 'stopped',
  }
  return (
    <li className="grid gap-1 px-3 py-1.5">
      <div className="flex min-h-6 items-center gap-2">
        {state === 'sent' || state === 'unchanged' ? (
          <Check aria-hidden className="size-4 shrink-0 text-good" />
        ) : state === 'failed' ? (
          <TriangleAlert aria-hidden className="size-4 shrink-0 text-blocked" />
        ) : null}
        <span className="min-w-0 flex-1 truncate" title={file.name}>
          {file.name}
        </span>
        <span className="shrink-0 text-small text-ink-3">{notes[state]}</span>
        {state === 'failed' || state === 'cancelled' ? (
          <IconButton
            label={`Send ${file.name} again`}
            onClick={() => retryUpload(key)}
            className="size-6"
          >
            <RotateCw aria-hidden />
          </IconButton>
        ) : state === 'sending' || state === 'waiting' ? (
          <IconButton
            label={`Stop sending ${file.name}`}
            onClick={() => cancelUpload(key)}
            className="size-6"
          >
            <X aria-hidden />
          </IconButton>
        ) : null}
      </div>
      {state === 'sending' ? (
        <Progress label={`Sending ${file.name}`} done={received} total={file.size} />
      ) : null}
      {problem ? (
        <p className="text-small text-blocked">
          {problem.detail} <span className="text-ink-2">{problem.remedy}</span>{' '}
          <code className="font-mono text-ink-3">{problem.code}</code>
        </p>
      ) : null}
    </li>
  )
}
