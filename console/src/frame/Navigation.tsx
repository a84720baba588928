import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import {
  ChevronsUpDown,
  KeyRound,
  Lock,
  LogOut,
  Monitor,
  Moon,
  Search,
  Stethoscope,
  Sun,
} from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../components/Menu.tsx'
import { Kbd } from '../components/Tooltip.tsx'
import { plinth } from '../data/client.ts'
import { forgetDrafts } from '../data/drafts.ts'
import { queries } from '../data/queries.ts'
import { patiently } from '../data/reach.ts'
import { may, useMay } from '../data/session.ts'
import { layers } from './layers.ts'
import { setTheme, type Theme, useTheme } from './theme.ts'

const PasswordDialog = lazy(() =>
  patiently(() => import('./PasswordDialog.tsx')).then((module) => ({
    default: module.PasswordDialog,
  })),
)
const DoctorDialog = lazy(() =>
  patiently(() => import('./DoctorDialog.tsx')).then((module) => ({
    default: module.DoctorDialog,
  })),
)

interface NavigationProps {
  onSearch: () => void
  /** Called when a link was followed: the sheet on a telephone closes. */
  onLeave?: () => void
}

export function Navigation({ onSearch, onLeave }: NavigationProps) {
  const me = useQuery(queries.me()).data
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <div className="flex h-full flex-col gap-3 p-2">
      <div className="flex h-9 items-center gap-2 px-2 pt-1">
        <img src="/favicon.svg" alt="" className="size-5" />
        <span className="min-w-0 flex-1 truncate font-semibold" title={me?.organization.name}>
          {me?.organization.name ?? 'Plinth'}
        </span>
      </div>
      <button
        type="button"
        onClick={onSearch}
        className="mx-1 flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2
          text-ink-3 hover:border-line-strong"
      >
        <Search aria-hidden className="size-4" />
        <span className="flex-1 text-left">Go to…</span>
        <Kbd>Ctrl K</Kbd>
      </button>
      <nav aria-label="Layers" className="grid gap-0.5 px-1">
        {layers.map(({ to, also = to, label, icon: Icon, permissions }) => (
          <Link
            key={to}
            to={to}
            onClick={onLeave}
            aria-current={isUnder(path, to) || isUnder(path, also) ? 'page' : undefined}
            className={`flex h-8 items-center gap-2.5 rounded-md px-2 text-ink-2 hover:bg-hover
              hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:font-medium
              aria-[current=page]:text-ink`}
          >
            <Icon aria-hidden className="size-4" />
            <span className="flex-1">{label}</span>
            {me && !permissions.some((one) => may(me, one)) ? (
              <Lock aria-label="needs a permission" className="size-3.5 text-ink-3" />
            ) : null}
          </Link>
        ))}
      </nav>
      <div className="mt-auto grid gap-2">
        <ModelNote />
        <UserMenu />
      </div>
    </div>
  )
}

/** Which model answers and whether the dense leg is on: the two facts that shape every answer. */
function ModelNote() {
  const status = useQuery(queries.status()).data
  if (!status) return null
  const { chatModel, dense } = status
  return (
    <dl className="grid gap-1 border-t border-line px-3 pt-3 text-small text-ink-3">
      <div title={chatModel.note}>
        <dt>Answers by</dt>
        <dd className="break-words text-ink-2">{chatModel.name}</dd>
      </div>
      <div title={dense.off ?? undefined}>
        <dt>Search by</dt>
        <dd className="text-ink-2">{dense.embedder ? 'words and meaning' : 'words only'}</dd>
        {dense.embedder ? <dd className="truncate">{dense.embedder}</dd> : null}
      </div>
    </dl>
  )
}

function UserMenu() {
  const me = useQuery(queries.me()).data
  const theme = useTheme()
  const mayCheck = useMay('system.read')
  const [dialog, setDialog] = useState<'password' | 'doctor' | null>(null)
  const signOut = async () => {
    await plinth.session.signOut().catch(() => {})
    forgetDrafts()
    // A whole new page: answers, uploads and everything else in memory belong to who was here.
    location.assign('/sign-in')
  }
  return (
    <>
      <Menu
        side="top"
        align="start"
        trigger={
          <button
            type="button"
            className="flex h-11 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover"
          >
            <span
              aria-hidden
              className="flex size-7 shrink-0 items-center justify-center rounded-full bg-sunken
                text-small font-semibold text-ink-2"
            >
              {initials(me?.name ?? '?')}
            </span>
            <span className="grid min-w-0 flex-1">
              <span className="truncate">{me?.name}</span>
              <span className="truncate text-small text-ink-3">{me?.roles.join(', ')}</span>
            </span>
            <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-ink-3" />
          </button>
        }
      >
        <MenuChoice
          label="Theme"
          value={theme}
          onChange={(value) => setTheme(value as Theme)}
          choices={[
            { value: 'system', label: 'As the system', icon: <Monitor aria-hidden /> },
            { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
            { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
          ]}
        />
        <MenuLine />
        <MenuItem icon={<KeyRound aria-hidden />} onSelect={() => setDialog('password')}>
          {me?.hasPassword ? 'Change the password' : 'Set a password'}
        </MenuItem>
        {mayCheck ? (
          <MenuItem icon={<Stethoscope aria-hidden />} onSelect={() => setDialog('doctor')}>
            Health of the system
          </MenuItem>
        ) : null}
        <MenuItem icon={<LogOut aria-hidden />} onSelect={signOut}>
          Sign out
        </MenuItem>
      </Menu>
      <Suspense>
        {dialog === 'password' ? <PasswordDialog onClose={() => setDialog(null)} /> : null}
        {dialog === 'doctor' ? <DoctorDialog onClose={() => setDialog(null)} /> : null}
      </Suspense>
    </>
  )
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return ((words[0]?.[0] ?? '') + (words.length > 1 ? (words.at(-1)?.[0] ?? '') : '')).toUpperCase()
}

function isUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}
