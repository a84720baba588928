import type { Source } from '@plinth/sdk'
import { Link } from '@tanstack/react-router'
import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button, buttonClass } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { Field, Select } from '../../components/Field.tsx'
import { bytesText, plural } from '../../data/format.ts'
import { addUploads, largestFileBytes } from '../../data/uploads.ts'
import { useDrop } from './use-drop.ts'

interface UploadDialogProps {
  base: string
  sources: Source[]
  initial: File[]
  onClose: () => void
}

export function UploadDialog({ base, sources, initial, onClose }: UploadDialogProps) {
  const [source, setSource] = useState(sources[0]?.name ?? '')
  const [files, setFiles] = useState(initial)
  const picker = useRef<HTMLInputElement>(null)
  const add = (more: File[]) => setFiles((old) => [...old, ...more])
  const drop = useDrop(true, add)
  if (sources.length === 0) return <NoUploadSource base={base} onClose={onClose} />
  const tooLarge = files.filter(({ size }) => size > largestFileBytes)
  const send = files.filter(({ size }) => size <= largestFileBytes)
  const total = send.reduce((sum, { size }) => sum + size, 0)
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Upload to ${base}`}
      description="PDF, Word, PowerPoint, Excel, HTML, Markdown, text, CSV and e-mail, up to 200 MiB each."
    >
      <div className="grid gap-4" {...drop.handlers}>
        <button
          type="button"
          onClick={() => picker.current?.click()}
          className={`grid justify-items-center gap-2 rounded-lg border border-dashed px-4 py-8
            text-ink-2 hover:border-accent hover:bg-hover
            ${drop.over ? 'border-accent bg-accent-soft' : 'border-line-strong'}`}
        >
          <FileUp aria-hidden className="size-5 text-ink-3" />
          Drop files here, or choose them
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          aria-label="Files"
          className="hidden"
          onChange={(event) => add(Array.from(event.target.files ?? []))}
        />
        {sources.length > 1 ? (
          <Field label="Source" hint="Decides who may read the documents.">
            {(control) => (
              <Select
                {...control}
                value={source}
                onChange={setSource}
                choices={sources.map(({ name }) => ({ value: name, label: name }))}
              />
            )}
          </Field>
        ) : null}
        {tooLarge.length > 0 ? (
          <p className="text-warning">
            Over 200 MiB and left out: {tooLarge.map(({ name }) => name).join(', ')}. Split them.
          </p>
        ) : null}
        <div className="flex items-center justify-end gap-3">
          <span className="text-ink-3">
            {send.length > 0 ? `${plural(send.length, 'file')}, ${bytesText(total)}` : ''}
          </span>
          <Button
            variant="primary"
            disabled={send.length === 0}
            onClick={() => {
              addUploads(source, send)
              onClose()
            }}
          >
            Upload
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

export function NoUploadSource({ base, onClose }: { base: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${base} takes no uploads yet`}
      description="Files and texts go into a source of the kind upload, which also says who may read them."
    >
      <div className="flex justify-end">
        <Link
          to="/resources/new"
          search={{ kind: 'Source' }}
          className={buttonClass('primary')}
          onClick={onClose}
        >
          Make an upload source
        </Link>
      </div>
    </Dialog>
  )
}
