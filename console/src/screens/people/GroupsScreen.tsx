import type { Group } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Plus, Trash2, UsersRound } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '../../components/Button.tsx'
import { Confirm, Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { EmptyState } from '../../components/States.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { PeopleFrame } from './PeopleFrame.tsx'

export function GroupsScreen() {
  const mayWrite = useMay('people.write')
  const [creating, setCreating] = useState(false)
  const create = mayWrite ? (
    <Button variant="primary" icon={<Plus aria-hidden />} onClick={() => setCreating(true)}>
      New group
    </Button>
  ) : null
  return (
    <PeopleFrame
      tab="/people/groups"
      permission="people.read"
      what="The list of groups"
      actions={create}
    >
      <Groups />
      {creating ? <CreateDialog onClose={() => setCreating(false)} /> : null}
    </PeopleFrame>
  )
}

function Groups() {
  const groups = useQuery(queries.groups())
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <Loaded query={groups}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={<UsersRound aria-hidden />} title="No group yet">
              A group is who may read a document: give it to people here, and name it as group:name
              among the readers of documents and sources.
            </EmptyState>
          ) : (
            <ul>
              {items.map((group) => (
                <Item key={group.name} group={group} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </div>
  )
}

function Item({ group }: { group: Group }) {
  const mayWrite = useMay('people.write')
  const [deleting, setDeleting] = useState(false)
  const { name, description, members } = group
  return (
    <li className="flex min-h-11 items-center gap-3 border-b border-line px-4 py-1">
      <span className="w-40 shrink-0 truncate font-medium">{name}</span>
      <span className="min-w-0 flex-1 truncate text-ink-2">{description}</span>
      <span className="text-ink-3">{plural(members, 'member')}</span>
      {mayWrite ? (
        <IconButton label={`Delete ${name}`} onClick={() => setDeleting(true)}>
          <Trash2 aria-hidden />
        </IconButton>
      ) : null}
      <Confirm
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete the group ${name}?`}
        effect={`${plural(members, 'member')} will no longer read what only group:${name} may read. The documents stay.`}
        action="Delete the group"
        name={name}
        onConfirm={async () => {
          await plinth.people.removeGroup(name)
          await queryClient.invalidateQueries({ queryKey: ['groups'] })
        }}
      />
    </li>
  )
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const create = useMutation({
    mutationFn: () => plinth.people.createGroup({ name, description }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['groups'] })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title="New group">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          create.mutate()
        }}
      >
        <Field label="Name" hint="Lower-case letters, digits, - and .">
          {(control) => (
            <Input
              {...control}
              required
              maxLength={63}
              value={name}
              onChange={(event) => setName(event.target.value.trim().toLowerCase())}
            />
          )}
        </Field>
        <Field label="Who is in it">
          {(control) => (
            <Input
              {...control}
              maxLength={500}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        {create.error ? <ErrorPanel problem={problemOf(create.error)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={create.isPending}>
            Make the group
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
