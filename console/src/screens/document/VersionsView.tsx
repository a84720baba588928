import type { Document } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Badge } from '../../components/Badge.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { RelativeTime } from '../../components/States.tsx'
import { shortDigest } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'

/** What this document has said before. Answers keep citing the version that they were given from. */
export function VersionsView({ document }: { document: Document }) {
  const versions = useQuery(queries.versions(document.id))
  return (
    <div className="h-full overflow-y-auto">
      <Loaded query={versions}>
        {({ items }) => (
          <ol>
            {items.map((version) => (
              <li
                key={version.id}
                className="flex min-h-11 flex-wrap items-center gap-x-3 border-b border-line px-4 py-1"
              >
                <Link
                  to="/documents/$documentId"
                  params={{ documentId: document.id }}
                  search={{ view: 'text', version: version.id }}
                  className="rounded font-medium text-accent hover:underline"
                >
                  Version {version.number}
                </Link>
                {version.id === document.versionId ? <Badge tone="good">current</Badge> : null}
                <span className="text-ink-3">
                  <RelativeTime at={version.createdAt} />
                </span>
                <span className="ml-auto flex items-center gap-1 text-small text-ink-3">
                  <code className="font-mono">{shortDigest(version.contentDigest)}</code>
                  <CopyButton text={version.contentDigest} label="Copy the digest" />
                </span>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </div>
  )
}
