import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Search, WifiOff } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { IconButton } from '../components/Button.tsx'
import { Toasts } from '../components/Toast.tsx'
import { queries } from '../data/queries.ts'
import { patiently, useAway } from '../data/reach.ts'
import { useUploads } from '../data/uploads.ts'
import { KeysDialog, useGlobalKeys } from './Keys.tsx'
import { useNarrow, useOnline } from './media.ts'
import { Navigation } from './Navigation.tsx'

const UploadPanel = lazy(() =>
  patiently(() => import('./UploadPanel.tsx')).then((module) => ({ default: module.UploadPanel })),
)
const Palette = lazy(() =>
  patiently(() => import('./Palette.tsx')).then(({ Palette: it }) => ({ default: it })),
)

export function Frame() {
  const [palette, setPalette] = useState(false)
  const [keys, setKeys] = useState(false)
  const openPalette = useCallback(() => setPalette(true), [])
  const openKeys = useCallback(() => setKeys(true), [])
  useGlobalKeys({ onPalette: openPalette, onKeys: openKeys })
  const narrow = useNarrow()
  const uploading = useUploads().length > 0
  const main = useFocusAfterMove()
  return (
    <>
      <a
        href="#main"
        className="sr-only z-60 rounded bg-raised p-2 focus:not-sr-only focus:fixed focus:top-2"
      >
        Skip to the page
      </a>
      <div className="flex h-dvh flex-col">
        <OfflineBanner />
        <div className="flex min-h-0 flex-1 max-md:flex-col">
          {narrow ? (
            <TopBar onSearch={openPalette} />
          ) : (
            <aside aria-label="Plinth" className="w-54 shrink-0 border-r border-line bg-page">
              <Navigation onSearch={openPalette} />
            </aside>
          )}
          <main ref={main} id="main" className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>{palette ? <Palette onClose={() => setPalette(false)} /> : null}</Suspense>
      <KeysDialog open={keys} onClose={() => setKeys(false)} />
      <Suspense>{uploading ? <UploadPanel /> : null}</Suspense>
      <Toasts />
    </>
  )
}

/** The bar of a narrow window; the layers come in as a sheet. */
function TopBar({ onSearch }: { onSearch: () => void }) {
  const [open, setOpen] = useState(false)
  const me = useQuery(queries.me()).data
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line bg-page px-2">
      <Radix.Root open={open} onOpenChange={setOpen}>
        <Radix.Trigger asChild>
          <IconButton label="Layers">
            <MenuIcon aria-hidden />
          </IconButton>
        </Radix.Trigger>
        <Radix.Portal>
          <div aria-hidden className="fixed inset-0 z-40 bg-scrim" />
          <Radix.Content
            aria-describedby={undefined}
            className="appear fixed inset-y-0 left-0 z-50 w-70 border-r border-line bg-page"
          >
            <Radix.Title className="sr-only">Layers</Radix.Title>
            <Navigation
              onSearch={() => {
                setOpen(false)
                onSearch()
              }}
              onLeave={() => setOpen(false)}
            />
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      <img src="/favicon.svg" alt="" className="size-5" />
      <span className="min-w-0 flex-1 truncate pl-1 font-semibold">
        {me?.organization.name ?? 'Plinth'}
      </span>
      <IconButton label="Go to…" keys="Ctrl K" onClick={onSearch}>
        <Search aria-hidden />
      </IconButton>
    </header>
  )
}

function OfflineBanner() {
  const away = useAway()
  const online = useOnline()
  if (online && !away) return null
  return (
    <div
      role="status"
      className="flex shrink-0 items-center justify-center gap-2 bg-warning-soft px-3 py-1
        text-warning"
    >
      <WifiOff aria-hidden className="size-4" />
      {online
        ? 'The server does not answer. What you type is kept; this page goes on by itself when it is back.'
        : 'You are offline. What you type is kept; it can be sent when the network is back.'}
    </div>
  )
}

/** After a move to another page the focus is on its name, so that keys and screen readers start there. */
function useFocusAfterMove() {
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname })
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    const first = before.current === undefined
    before.current = path
    if (first) return
    const holder = document.activeElement
    const lost = holder === null || holder === document.body || !main.current?.contains(holder)
    if (lost) main.current?.querySelector<HTMLElement>('h1')?.focus()
  }, [path])
  return main
}
