import type { Document } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { Section } from '../../components/Page.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { DocumentFacts } from './DocumentFacts.tsx'

const readerForm = /^(everyone|user:.+|group:.+)$/

/** Who may read the document, and so find it and be answered from it. */
export function AccessView({ document }: { document: Document }) {
  return (
    <div className="h-full overflow-y-auto">
      <div className="grid max-w-180 gap-8 p-4">
        <Section title="Readers">
          <ReadersForm key={document.readers.join()} document={document} />
        </Section>
        <Section title="Facts">
          <DocumentFacts document={document} />
        </Section>
      </div>
    </div>
  )
}

function ReadersForm({ document }: { document: Document }) {
  const mayWrite = useMay('documents.write')
  const [readers, setReaders] = useState(document.readers)
  const [added, setAdded] = useState('')
  const groups = useQuery({ ...queries.groups(), enabled: mayWrite, retry: false })
  const save = useMutation({
    mutationFn: () => plinth.documents.setReaders(document.id, readers),
    onSuccess: (changed) => {
      queryClient.setQueryData(queries.document(document.id).queryKey, changed)
      void queryClient.invalidateQueries({ queryKey: ['documents'] })
      toast({ title: 'The readers are changed; it holds for the next question.' })
    },
  })
  const wrong = added !== '' && !readerForm.test(added)
  const add = () => {
    if (added === '' || wrong || readers.includes(added)) return
    setReaders([...readers, added])
    setAdded('')
  }
  const changed = readers.join() !== document.readers.join()
  return (
    <div className="grid gap-3">
      <p className="text-ink-2">
        {readers.length === 0
          ? 'Nobody may read this document: it is never found and never cited.'
          : 'Only these find it in a search and are answered from it.'}
      </p>
      <ul className="grid">
        {readers.map((reader) => (
          <li key={reader} className="flex min-h-9 items-center border-b border-line">
            <span className="min-w-0 flex-1 truncate">{reader}</span>
            {mayWrite ? (
              <IconButton
                label={`Take ${reader} away`}
                onClick={() => setReaders(readers.filter((one) => one !== reader))}
              >
                <X aria-hidden />
              </IconButton>
            ) : null}
          </li>
        ))}
      </ul>
      {mayWrite ? (
        <form
          className="flex items-start gap-2"
          onSubmit={(event) => {
            event.preventDefault()
            add()
          }}
        >
          <div className="min-w-0 flex-1">
            <Field
              label="Add a reader"
              hint="everyone, group:name or user:e-mail"
              error={wrong ? 'Write everyone, group:name or user:e-mail.' : undefined}
            >
              {(control) => (
                <Input
                  {...control}
                  list="readers-known"
                  value={added}
                  onChange={(event) => setAdded(event.target.value.trim())}
                />
              )}
            </Field>
            <datalist id="readers-known">
              <option value="everyone" />
              {groups.data?.items.map(({ name }) => (
                <option key={name} value={`group:${name}`} />
              ))}
            </datalist>
          </div>
          <Button type="submit" icon={<Plus aria-hidden />} className="mt-6">
            Add
          </Button>
        </form>
      ) : null}
      {save.error ? <ErrorPanel problem={problemOf(save.error)} /> : null}
      {changed ? (
        <div className="flex gap-2">
          <Button variant="primary" busy={save.isPending} onClick={() => save.mutate()}>
            Save the readers
          </Button>
          <Button variant="ghost" onClick={() => setReaders(document.readers)}>
            Discard
          </Button>
        </div>
      ) : null}
    </div>
  )
}
