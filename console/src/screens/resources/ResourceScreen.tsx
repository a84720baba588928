import type { ResourceDetail, ResourceKind } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Ellipsis, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../../components/Button.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Confirm } from '../../components/Dialog.tsx'
import { Menu, MenuItem } from '../../components/Menu.tsx'
import { PageHeader } from '../../components/Page.tsx'
import { RelativeTime } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, queryClient } from '../../data/client.ts'
import { shortDigest } from '../../data/format.ts'
import { resourceKinds } from '../../data/kinds.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Guard, Loaded, NotFoundScreen } from '../../frame/Screens.tsx'
import { CompareView } from './CompareView.tsx'
import { EditPanel } from './EditPanel.tsx'
import { HistoryView } from './HistoryView.tsx'
import { Labels } from './ResourcesScreen.tsx'

const route = getRouteApi('/app/resources/$kind/$name')

export function ResourceScreen() {
  const { kind, name } = route.useParams()
  const known = resourceKinds.find((one) => one === kind)
  if (!known) return <NotFoundScreen />
  return (
    <Guard any={['resources.read']} what="Resources">
      <ResourcePage kind={known} name={name} />
    </Guard>
  )
}

export interface ResourceName {
  kind: ResourceKind
  name: string
}

function ResourcePage({ kind, name }: ResourceName) {
  const { view = 'edit', version } = route.useSearch()
  const resource = useQuery(queries.resource(kind, name, version))
  const tabs = [
    { view: 'edit', label: version ? `Version ${version}` : 'Definition' },
    { view: 'history', label: 'History' },
    { view: 'diff', label: 'Compare' },
  ] as const
  return (
    <>
      <PageHeader
        title={name}
        trail={[
          { label: 'Resources', to: '/resources' },
          { label: kind, to: '/resources', search: { kind } },
        ]}
        beside={
          resource.data ? (
            <span className="ml-2 flex items-center gap-2 max-sm:hidden">
              <Labels labels={resource.data.labels} />
            </span>
          ) : null
        }
        actions={<ResourceMenu kind={kind} name={name} />}
      />
      <nav
        aria-label="Views"
        className="flex shrink-0 items-center gap-1 overflow-x-auto border-b border-line px-3"
      >
        {tabs.map((tab) => (
          <Link
            key={tab.view}
            to="."
            search={(old) => ({ ...old, view: tab.view })}
            replace
            aria-current={tab.view === view ? 'page' : undefined}
            className="tab"
          >
            {tab.label}
          </Link>
        ))}
        {resource.data ? <Provenance resource={resource.data} /> : null}
      </nav>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {view === 'history' ? (
          <HistoryView kind={kind} name={name} />
        ) : view === 'diff' ? (
          <CompareView kind={kind} name={name} />
        ) : (
          <Loaded query={resource} lines={12}>
            {(loaded) => <Definition resource={loaded} version={version} />}
          </Loaded>
        )}
      </div>
    </>
  )
}

function Provenance({ resource }: { resource: ResourceDetail }) {
  return (
    <span className="ml-auto flex items-center gap-2 text-small whitespace-nowrap text-ink-3 max-md:hidden">
      version {resource.revision} by {resource.updatedByName},{' '}
      <RelativeTime at={resource.updatedAt} />
      <code className="font-mono">{shortDigest(resource.digest)}</code>
      <CopyButton text={resource.digest} label="Copy the digest" />
    </span>
  )
}

interface DefinitionProps {
  resource: ResourceDetail
  version: string | undefined
}

function Definition({ resource, version }: DefinitionProps) {
  const { kind, name, revision, yaml } = resource
  const mayWrite = useMay(kind === 'Role' ? 'roles.write' : 'resources.write')
  return (
    <EditPanel
      key={`${kind}/${name}@${revision}`}
      draftKey={version ? `${kind}/${name}@${version}` : `${kind}/${name}`}
      initial={yaml}
      readOnly={!mayWrite || version !== undefined}
      isNew={false}
      expectedRevisions={{ [`${kind}/${name}`]: revision }}
      onApplied={({ results, auditSeq }) => {
        const changed = results.filter(({ outcome }) => outcome !== 'unchanged').length
        const recorded = auditSeq === null ? '' : ` Audit event ${auditSeq}.`
        toast({ title: changed === 0 ? 'Nothing differs.' : `Applied.${recorded}` })
      }}
    />
  )
}

function ResourceMenu({ kind, name }: ResourceName) {
  const mayWrite = useMay(kind === 'Role' ? 'roles.write' : 'resources.write')
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  if (!mayWrite) return null
  const remove = async () => {
    await plinth.resources.remove(kind, name)
    await queryClient.invalidateQueries({ queryKey: ['resources'] })
    await navigate({ to: '/resources', search: { kind } })
    toast({ title: `${kind}/${name} is deleted.` })
  }
  return (
    <>
      <Menu
        trigger={
          <IconButton label="Actions">
            <Ellipsis aria-hidden />
          </IconButton>
        }
      >
        <MenuItem danger icon={<Trash2 aria-hidden />} onSelect={() => setDeleting(true)}>
          Delete…
        </MenuItem>
      </Menu>
      <Confirm
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete ${kind}/${name}?`}
        effect="What refers to it stops working with the next request. Its history stays in the audit log."
        action="Delete"
        name={name}
        onConfirm={remove}
      />
    </>
  )
}
