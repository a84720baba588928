import type { Conversation } from '@plinth/sdk'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Download, Ellipsis, Pencil, SquarePen, Trash2 } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Button, IconButton } from '../../components/Button.tsx'
import { Confirm, Dialog } from '../../components/Dialog.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Input, SearchInput } from '../../components/Field.tsx'
import { Menu, MenuItem, MenuLine } from '../../components/Menu.tsx'
import { RelativeTime } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { saveFile } from '../../data/files.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'

interface ConversationListProps {
  openId: string | null
  onNew: () => void
  onPick?: () => void
}

export function ConversationList({ openId, onNew, onPick }: ConversationListProps) {
  const [search, setSearch] = useState('')
  const list = useInfiniteQuery(queries.conversations(useDeferredValue(search.trim())))
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <nav aria-label="Conversations" className="flex h-full flex-col">
      <div className="flex h-12 shrink-0 items-center gap-1 border-b border-line px-2">
        <SearchInput
          label="Search conversations"
          placeholder="Search"
          value={search}
          onChange={setSearch}
          className="min-w-0 flex-1"
        />
        <IconButton label="New conversation" keys="n" onClick={onNew}>
          <SquarePen aria-hidden />
        </IconButton>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto p-1.5">
        <Loaded query={list}>
          {() =>
            items.length > 0 ? (
              <ul className="grid gap-px">
                {items.map((one) => (
                  <Item key={one.id} item={one} open={one.id === openId} onPick={onPick} />
                ))}
              </ul>
            ) : (
              <p className="p-2 text-ink-3">
                {search
                  ? 'No conversation has these words.'
                  : 'Your conversations will stand here; only you see them.'}
              </p>
            )
          }
        </Loaded>
        {list.hasNextPage ? (
          <Button
            variant="ghost"
            busy={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
            className="mt-1 w-full"
          >
            Older
          </Button>
        ) : null}
      </div>
    </nav>
  )
}

interface ItemProps {
  item: Conversation
  open: boolean
  onPick: (() => void) | undefined
}

function Item({ item, open, onPick }: ItemProps) {
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null)
  const navigate = useNavigate()
  const remove = async () => {
    await plinth.conversations.remove(item.id)
    await queryClient.invalidateQueries({ queryKey: ['conversations'] })
    toast({ title: 'The conversation is deleted.' })
    if (open) await navigate({ to: '/ask', search: {} })
  }
  return (
    <li
      className={`group relative flex items-center rounded-md hover:bg-hover
        ${open ? 'bg-hover' : ''}`}
    >
      <Link
        to="/ask/$conversationId"
        params={{ conversationId: item.id }}
        onClick={onPick}
        aria-current={open ? 'page' : undefined}
        className="grid min-w-0 flex-1 rounded-md px-2 py-1.5 aria-[current=page]:font-medium"
      >
        <span className="truncate" title={item.title}>
          {item.title}
        </span>
        <span className="truncate text-small font-normal text-ink-3">
          {item.assistant} · <RelativeTime at={item.updatedAt} />
        </span>
      </Link>
      <Menu
        trigger={
          <button
            type="button"
            aria-label={`Actions for ${item.title}`}
            className="mr-1 inline-flex size-7 shrink-0 items-center justify-center rounded
              text-ink-3 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100
              hover:text-ink data-[state=open]:opacity-100 max-md:opacity-100"
          >
            <Ellipsis aria-hidden className="size-4" />
          </button>
        }
      >
        <MenuItem icon={<Pencil aria-hidden />} onSelect={() => setDialog('rename')}>
          Rename
        </MenuItem>
        <MenuItem icon={<Download aria-hidden />} onSelect={() => void download(item, 'markdown')}>
          Export as Markdown
        </MenuItem>
        <MenuItem icon={<Download aria-hidden />} onSelect={() => void download(item, 'json')}>
          Export as JSON
        </MenuItem>
        <MenuLine />
        <MenuItem danger icon={<Trash2 aria-hidden />} onSelect={() => setDialog('delete')}>
          Delete
        </MenuItem>
      </Menu>
      {dialog === 'rename' ? <Rename item={item} onClose={() => setDialog(null)} /> : null}
      <Confirm
        open={dialog === 'delete'}
        onClose={() => setDialog(null)}
        title="Delete this conversation?"
        effect={`“${item.title}” and its ${item.messageCount} messages will be gone for good. The traces and the audit log keep that they took place.`}
        action="Delete the conversation"
        onConfirm={remove}
      />
    </li>
  )
}

function Rename({ item, onClose }: { item: Conversation; onClose: () => void }) {
  const [title, setTitle] = useState(item.title)
  const [failed, setFailed] = useState<unknown>()
  const save = async () => {
    try {
      await plinth.conversations.rename(item.id, title.trim())
      await queryClient.invalidateQueries({ queryKey: ['conversations'] })
      await queryClient.invalidateQueries({ queryKey: ['conversation', item.id] })
      onClose()
    } catch (cause) {
      setFailed(cause)
    }
  }
  return (
    <Dialog open onClose={onClose} title="Rename the conversation">
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Input
          aria-label="Title"
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          maxLength={200}
          required
          autoFocus
        />
        {failed ? <ErrorPanel problem={problemOf(failed)} /> : null}
        <div className="flex justify-end">
          <Button type="submit" variant="primary">
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

async function download(item: Conversation, format: 'json' | 'markdown') {
  try {
    const text = await plinth.conversations.exportAs(item.id, format)
    saveFile(`${item.title.slice(0, 80)}.${format === 'json' ? 'json' : 'md'}`, text)
  } catch (cause) {
    toast({ tone: 'blocked', title: problemOf(cause).detail })
  }
}
