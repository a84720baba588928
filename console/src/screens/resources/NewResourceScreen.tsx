import type { ResourceKind } from '@plinth/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Select } from '../../components/Field.tsx'
import { PageHeader, Toolbar } from '../../components/Page.tsx'
import { Skeleton } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { plural } from '../../data/format.ts'
import { kindNotes, resourceKinds } from '../../data/kinds.ts'
import { queries } from '../../data/queries.ts'
import { Guard } from '../../frame/Screens.tsx'
import { EditPanel } from './EditPanel.tsx'
import { exampleOf } from './examples.ts'

const route = getRouteApi('/app/resources/new')

export function NewResourceScreen() {
  return (
    <Guard any={['resources.write']} what="New resource">
      <NewResource />
    </Guard>
  )
}

function NewResource() {
  const { kind = 'Assistant', offer } = route.useSearch()
  const navigate = useNavigate()
  const offered = useQuery(queries.status()).data?.offers.find(({ name }) => name === offer)
  const list = useInfiniteQuery(queries.resources({}))
  const existing = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isPending) return <Skeleton />
  return (
    <>
      <PageHeader title="New resource" trail={[{ label: 'Resources', to: '/resources' }]} />
      <Toolbar>
        <Select
          aria-label="Kind"
          value={kind}
          onChange={(value) =>
            void navigate({ to: '/resources/new', search: { kind: value as ResourceKind } })
          }
          choices={resourceKinds.map((value) => ({ value, label: value }))}
        />
        <span className="text-ink-3">{offered?.note ?? kindNotes[kind]}</span>
      </Toolbar>
      <div className="min-h-0 flex-1 max-lg:overflow-y-auto">
        <EditPanel
          key={offered?.name ?? kind}
          draftKey={`new.${offered?.name ?? kind}`}
          initial={offered?.yaml ?? exampleOf(kind, existing)}
          readOnly={false}
          isNew
          onApplied={({ results }) => {
            const [first] = results
            toast({ title: `${plural(results.length, 'resource is', 'resources are')} applied.` })
            if (!first) return
            void navigate({
              to: '/resources/$kind/$name',
              params: { kind: first.kind, name: first.name },
            })
          }}
        />
      </div>
    </>
  )
}
