import type { Document } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { plural } from '../../data/format.ts'
import { placeholdersIn } from '../../data/placeholders.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'

/** Brings masked values back in the clear: asked for by name, for one document, and written to the audit log. */
export function UnmaskDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const text = useQuery(queries.documentText(document.id, document.versionId ?? undefined))
  const unmask = useMutation({
    mutationFn: (placeholders: string[]) => plinth.documents.unmask(document.id, placeholders),
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title="Show masked values"
      description="The audit log records that you saw them, and when."
    >
      <Loaded query={text} lines={3}>
        {(stored) => {
          const placeholders = placeholdersIn(stored.text)
          if (placeholders.length === 0) {
            return <p className="text-ink-2">Nothing is masked in the text of this version.</p>
          }
          return (
            <div className="grid gap-3">
              {unmask.data ? (
                <>
                  <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
                    {Object.entries(unmask.data.values).map(([placeholder, value]) => (
                      <div key={placeholder} className="contents">
                        <dt className="font-mono text-small text-ink-3">{placeholder}</dt>
                        <dd className="break-words">{value}</dd>
                      </div>
                    ))}
                  </dl>
                  <p className="text-small text-ink-3">
                    Recorded as{' '}
                    <Link
                      to="/audit"
                      search={{ event: unmask.data.auditSeq }}
                      className="text-accent hover:underline"
                    >
                      audit event {unmask.data.auditSeq}
                    </Link>
                    .
                  </p>
                </>
              ) : (
                <div>
                  <Button
                    variant="primary"
                    busy={unmask.isPending}
                    onClick={() => unmask.mutate(placeholders)}
                  >
                    Show {plural(placeholders.length, 'value')}
                  </Button>
                </div>
              )}
              {unmask.error ? <ErrorPanel problem={problemOf(unmask.error)} /> : null}
            </div>
          )
        }}
      </Loaded>
    </Dialog>
  )
}
