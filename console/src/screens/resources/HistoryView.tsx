import type { ResourceHistoryEntry } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Tag, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Button, IconButton } from '../../components/Button.tsx'
import { Confirm, Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { RelativeTime } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { shortDigest } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import type { ResourceName } from './ResourceScreen.tsx'

/** Every version there has been; none is ever lost. */
export function HistoryView({ kind, name }: ResourceName) {
  const history = useQuery(queries.resourceHistory(kind, name))
  return (
    <Loaded query={history}>
      {({ items }) => (
        <ol>
          {items.map((entry) => (
            <Entry key={entry.revision} kind={kind} name={name} entry={entry} all={items} />
          ))}
        </ol>
      )}
    </Loaded>
  )
}

interface EntryProps extends ResourceName {
  entry: ResourceHistoryEntry
  all: ResourceHistoryEntry[]
}

function Entry({ kind, name, entry, all }: EntryProps) {
  const mayWrite = useMay(kind === 'Role' ? 'roles.write' : 'resources.write')
  const navigate = useNavigate()
  const [dialog, setDialog] = useState<'rollback' | 'label' | null>(null)
  const { revision, message, labels, current, createdByName, createdAt, digest } = entry
  const newest = all.find((one) => one.current)?.revision ?? revision
  const rollback = async () => {
    await plinth.resources.rollback(kind, name, { revision })
    await queryClient.invalidateQueries({ queryKey: ['resource', kind, name] })
    toast({ title: `Version ${revision} is current again, as a new version.` })
    await navigate({ to: '/resources/$kind/$name', params: { kind, name } })
  }
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
      <Link
        to="/resources/$kind/$name"
        params={{ kind, name }}
        search={current ? {} : { version: String(revision) }}
        className="w-20 rounded font-medium text-accent hover:underline"
      >
        Version {revision}
      </Link>
      {current ? <Badge tone="good">current</Badge> : null}
      {labels.map((label) => (
        <Badge key={label} tone="accent">
          {label}
        </Badge>
      ))}
      <span className="min-w-40 flex-1">
        {message || <span className="text-ink-3">no message</span>}
      </span>
      <span className="text-small text-ink-3">
        {createdByName}, <RelativeTime at={createdAt} /> ·{' '}
        <code className="font-mono">{shortDigest(digest)}</code>
      </span>
      <span className="flex items-center gap-1">
        {revision === newest ? null : (
          <Link
            to="/resources/$kind/$name"
            params={{ kind, name }}
            search={{ view: 'diff', from: revision, to: newest }}
            className="rounded px-2 text-ink-2 hover:text-ink hover:underline"
          >
            Compare
          </Link>
        )}
        {mayWrite ? (
          <IconButton label={`Label version ${revision}`} onClick={() => setDialog('label')}>
            <Tag aria-hidden />
          </IconButton>
        ) : null}
        {mayWrite && !current ? (
          <IconButton
            label={`Roll back to version ${revision}`}
            onClick={() => setDialog('rollback')}
          >
            <Undo2 aria-hidden />
          </IconButton>
        ) : null}
      </span>
      <Confirm
        open={dialog === 'rollback'}
        onClose={() => setDialog(null)}
        title={`Roll back to version ${revision}?`}
        effect={`What ${kind}/${name} said in version ${revision} becomes its newest version, and holds from the next request on. The versions between stay in the history.`}
        action="Roll back"
        onConfirm={rollback}
      />
      {dialog === 'label' ? (
        <LabelDialog kind={kind} name={name} entry={entry} onClose={() => setDialog(null)} />
      ) : null}
    </li>
  )
}

interface LabelDialogProps extends ResourceName {
  entry: ResourceHistoryEntry
  onClose: () => void
}

/** Labels point to versions: others refer to `name@label` and follow when it moves. */
function LabelDialog({ kind, name, entry, onClose }: LabelDialogProps) {
  const [label, setLabel] = useState('')
  const [failed, setFailed] = useState<unknown>()
  const act = async (work: Promise<unknown>, said: string) => {
    try {
      await work
      await queryClient.invalidateQueries({ queryKey: ['resource', kind, name] })
      toast({ title: said })
      onClose()
    } catch (cause) {
      setFailed(cause)
    }
  }
  const { revision } = entry
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Label version ${revision}`}
      description={`Whoever refers to ${name}@label gets the version that the label points to.`}
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          const set = plinth.resources.setLabel(kind, name, { label: label.trim(), revision })
          void act(set, `${label.trim()} points to version ${revision}.`)
        }}
      >
        <Field label="Label" hint="A label that points elsewhere moves here.">
          {(control) => (
            <Input
              {...control}
              required
              maxLength={63}
              value={label}
              onChange={(event) => setLabel(event.target.value)}
            />
          )}
        </Field>
        {failed ? <ErrorPanel problem={problemOf(failed)} /> : null}
        <div className="flex flex-wrap justify-end gap-2">
          {entry.labels.map((one) => (
            <Button
              key={one}
              variant="danger"
              onClick={() =>
                void act(plinth.resources.removeLabel(kind, name, one), `${one} is taken away.`)
              }
            >
              Take {one} away
            </Button>
          ))}
          <Button type="submit" variant="primary">
            Set the label
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
