import type { Document } from '@plinth/sdk'
import { useNavigate } from '@tanstack/react-router'
import { Ellipsis, Link2, ScanEye, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '../../components/Button.tsx'
import { copyText } from '../../components/CopyButton.tsx'
import { Confirm } from '../../components/Dialog.tsx'
import { Menu, MenuItem, MenuLine } from '../../components/Menu.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, queryClient } from '../../data/client.ts'
import { useMay } from '../../data/session.ts'
import { UnmaskDialog } from './UnmaskDialog.tsx'

export function DocumentMenu({ document }: { document: Document }) {
  const mayWrite = useMay('documents.write')
  const mayUnmask = useMay('documents.unmask')
  const navigate = useNavigate()
  const [dialog, setDialog] = useState<'delete' | 'unmask' | null>(null)
  const copyLink = async () => {
    if (await copyText(location.href)) toast({ title: 'The link is copied.' })
  }
  const remove = async () => {
    await plinth.documents.remove(document.id)
    await navigate({ to: '/knowledge/$base', params: { base: document.knowledgeBase } })
    await queryClient.invalidateQueries()
    toast({ title: 'The document is gone; nothing is answered from it any more.' })
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
        <MenuItem icon={<Link2 aria-hidden />} onSelect={() => void copyLink()}>
          Copy the link
        </MenuItem>
        {mayUnmask && Object.keys(document.findings).length > 0 ? (
          <MenuItem icon={<ScanEye aria-hidden />} onSelect={() => setDialog('unmask')}>
            Show masked values…
          </MenuItem>
        ) : null}
        {mayWrite ? (
          <>
            <MenuLine />
            <MenuItem danger icon={<Trash2 aria-hidden />} onSelect={() => setDialog('delete')}>
              Delete…
            </MenuItem>
          </>
        ) : null}
      </Menu>
      {dialog === 'unmask' ? (
        <UnmaskDialog document={document} onClose={() => setDialog(null)} />
      ) : null}
      <Confirm
        open={dialog === 'delete'}
        onClose={() => setDialog(null)}
        title="Delete this document?"
        effect={`“${document.title}” and all its versions leave the search at once. A folder source brings it back with its next sync unless the file is gone too.`}
        action="Delete the document"
        onConfirm={remove}
      />
    </>
  )
}
