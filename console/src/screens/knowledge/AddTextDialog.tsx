import type { Source, TextDocument } from '@plinth/sdk'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input, Select, Textarea } from '../../components/Field.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { useDraft } from '../../data/drafts.ts'
import { NoUploadSource } from './UploadDialog.tsx'

interface AddTextDialogProps {
  base: string
  sources: Source[]
  onClose: () => void
}

type MediaType = NonNullable<TextDocument['mediaType']>

const formats: { value: MediaType; label: string }[] = [
  { value: 'text/markdown', label: 'Markdown' },
  { value: 'text/plain', label: 'Plain text' },
  { value: 'text/html', label: 'HTML' },
  { value: 'text/csv', label: 'CSV' },
]

export function AddTextDialog({ base, sources, onClose }: AddTextDialogProps) {
  const navigate = useNavigate()
  const [source, setSource] = useState(sources[0]?.name ?? '')
  const [title, setTitle] = useDraft(`text.title.${base}`)
  const [text, setText] = useDraft(`text.body.${base}`)
  const [mediaType, setMediaType] = useState<MediaType>('text/markdown')
  const add = useMutation({
    mutationFn: () =>
      plinth.documents.addText({ source, externalId: nameFor(title), title, text, mediaType }),
    onSuccess: ({ documentId }) => {
      setTitle('')
      setText('')
      void queryClient.invalidateQueries({ queryKey: ['documents'] })
      toast({
        title: 'The text is stored and being read.',
        action: {
          label: 'Open',
          run: () => void navigate({ to: '/documents/$documentId', params: { documentId } }),
        },
      })
      onClose()
    },
  })
  if (sources.length === 0) return <NoUploadSource base={base} onClose={onClose} />
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Add text to ${base}`}
      description="A text with the title of an earlier one becomes its new version."
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate()
        }}
      >
        <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_140px_160px]">
          <Field label="Title">
            {(control) => (
              <Input
                {...control}
                required
                maxLength={500}
                value={title}
                onChange={(event) => setTitle(event.target.value)}
              />
            )}
          </Field>
          <Field label="Format">
            {(control) => (
              <Select
                {...control}
                value={mediaType}
                onChange={(value) => setMediaType(value as MediaType)}
                choices={formats}
              />
            )}
          </Field>
          <Field label="Source">
            {(control) => (
              <Select
                {...control}
                value={source}
                onChange={setSource}
                choices={sources.map(({ name }) => ({ value: name, label: name }))}
              />
            )}
          </Field>
        </div>
        <Field label="Text">
          {(control) => (
            <Textarea
              {...control}
              required
              rows={12}
              maxLength={2_000_000}
              className="font-mono text-small"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        {add.error ? <ErrorPanel problem={problemOf(add.error)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={add.isPending}>
            Add the text
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** The same title gives the same id, so that adding it again makes a new version. */
function nameFor(title: string): string {
  return title.trim().toLowerCase().replace(/\s+/g, '-').slice(0, 500) || 'text'
}
