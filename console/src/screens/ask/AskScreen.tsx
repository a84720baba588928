import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { MessagesSquare, SquarePen } from 'lucide-react'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { IconButton } from '../../components/Button.tsx'
import { PageHeader } from '../../components/Page.tsx'
import { Skeleton } from '../../components/States.tsx'
import { queries } from '../../data/queries.ts'
import { patiently } from '../../data/reach.ts'
import { isTyping } from '../../frame/Keys.tsx'
import { useExtraWide, useNarrow, useWide } from '../../frame/media.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import { AskEmpty } from './AskEmpty.tsx'
import { Composer } from './Composer.tsx'
import { ConversationList } from './ConversationList.tsx'
import { distinctCitations, type Exchange, exchangesOf, spansOf } from './exchanges.ts'
import { forgetTurns, startTurn, stopTurn, useTurns } from './turns.ts'
import { useStickToEnd } from './use-stick-to-end.ts'

// Formatting and its sanitiser come with the first answer, not with the page.
const ExchangeView = lazy(() =>
  patiently(() => import('./ExchangeView.tsx')).then((module) => ({
    default: module.ExchangeView,
  })),
)
const SourceViewer = lazy(() =>
  patiently(() => import('../../viewer/SourceViewer.tsx')).then((module) => ({
    default: module.SourceViewer,
  })),
)

export function AskScreen() {
  return (
    <Guard any={['answers.ask']} what="Ask">
      <AskPage />
    </Guard>
  )
}

function AskPage() {
  const { conversationId = null } = useParams({ strict: false })
  const wide = useWide()
  const extraWide = useExtraWide()
  const [listOpen, setListOpen] = useState(false)
  const conversation = useConversation(conversationId)
  const { exchanges, ask } = useExchanges(conversationId)
  const source = useOpenSource(exchanges)
  const newConversation = useNewConversation()
  const title = conversation.data?.title ?? 'Ask'
  return (
    <div className="flex min-h-0 flex-1">
      {wide && (extraWide || !source.cited) ? (
        <div className="w-60 shrink-0 border-r border-line">
          <ConversationList openId={conversationId} onNew={newConversation} />
        </div>
      ) : null}
      <div className="flex min-w-0 flex-1 flex-col">
        <PageHeader
          title={title}
          actions={
            <>
              {wide ? null : (
                <IconButton
                  label="Conversations"
                  pressed={listOpen}
                  onClick={() => setListOpen(!listOpen)}
                >
                  <MessagesSquare aria-hidden />
                </IconButton>
              )}
              <IconButton label="New conversation" keys="n" onClick={newConversation}>
                <SquarePen aria-hidden />
              </IconButton>
            </>
          }
        />
        {listOpen && !wide ? (
          <div className="min-h-0 flex-1">
            <ConversationList
              openId={conversationId}
              onNew={newConversation}
              onPick={() => setListOpen(false)}
            />
          </div>
        ) : conversationId && exchanges.length === 0 ? (
          <Loaded query={conversation}>{() => null}</Loaded>
        ) : (
          <Thread
            exchanges={exchanges}
            assistant={ask.assistant}
            conversationId={conversationId}
            onAsk={ask.send}
            onAssistant={ask.setAssistant}
            source={source}
          />
        )}
      </div>
      {source.cited ? <SourcePanel source={source} /> : null}
    </div>
  )
}

interface ThreadProps {
  exchanges: Exchange[]
  assistant: string | undefined
  conversationId: string | null
  onAsk: (question: string) => void
  onAssistant: (name: string) => void
  source: OpenSource
}

function Thread({ exchanges, source, onAsk, ...rest }: ThreadProps) {
  const running = exchanges.find(({ step }) => step !== null)
  const last = exchanges.at(-1)
  const scroller = useStickToEnd(`${last?.key} ${last?.text.length} ${last?.step}`)
  return (
    <>
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
        {exchanges.length === 0 ? (
          <AskEmpty assistant={rest.assistant} onAsk={onAsk} onAssistant={rest.onAssistant} />
        ) : (
          <Suspense fallback={<Skeleton />}>
            <ol className="mx-auto grid max-w-180 gap-8 px-4 py-6">
              {exchanges.map((exchange) => (
                <li key={exchange.key} className="min-w-0">
                  <ExchangeView
                    exchange={exchange}
                    activeCite={source.key === exchange.key ? source.cited?.number : undefined}
                    onCite={(number) => source.open(exchange.key, number)}
                    onAgain={() => onAsk(exchange.question)}
                  />
                </li>
              ))}
            </ol>
          </Suspense>
        )}
      </div>
      <Composer
        {...rest}
        onAsk={onAsk}
        onStop={running?.turnKey ? () => stopTurn(running.turnKey as string) : undefined}
      />
    </>
  )
}

function SourcePanel({ source }: { source: OpenSource }) {
  const narrow = useNarrow()
  const { cited } = source
  if (!cited) return null
  const frame = narrow
    ? 'fixed inset-0 z-30 bg-surface'
    : 'w-[46%] max-w-225 shrink-0 border-l border-line'
  return (
    <aside aria-label={`Source ${cited.number}`} className={`flex min-w-0 flex-col ${frame}`}>
      <Suspense fallback={<Skeleton />}>
        <SourceViewer
          number={cited.number}
          documentId={cited.documentId}
          versionId={cited.versionId}
          title={cited.title}
          headingPath={cited.headingPath}
          spans={source.spans}
          page={cited.page}
          onStep={source.step}
          onClose={source.close}
        />
      </Suspense>
    </aside>
  )
}

function useConversation(id: string | null) {
  return useQuery({ ...queries.conversation(id ?? ''), enabled: id !== null })
}

/** What is asked and answered in this conversation, and the way to ask more. */
function useExchanges(conversationId: string | null) {
  const navigate = useNavigate()
  const search = useSearch({ strict: false })
  const turns = useTurns()
  const stored = useConversation(conversationId).data
  const assistants = useQuery(queries.assistants()).data?.items
  const own = turns.filter((turn) => turn.conversationId === conversationId)
  const exchanges = useMemo(() => exchangesOf(stored, own), [stored, own])
  const named = assistants?.find(({ name }) => name === search.assistant) ?? assistants?.[0]
  const assistant = stored?.assistant ?? named?.name

  // The server has named the conversation that began here: its address is the page's from now on.
  const [began, setBegan] = useState(false)
  const begun = turns.at(-1)?.conversationId
  useEffect(() => {
    if (conversationId !== null || !began || !begun) return
    setBegan(false)
    void navigate({
      to: '/ask/$conversationId',
      params: { conversationId: begun },
      search: { cite: undefined, message: undefined, assistant: undefined },
      replace: true,
    })
  }, [conversationId, began, begun, navigate])

  const send = useCallback(
    (question: string) => {
      setBegan(conversationId === null)
      startTurn({ question, assistant, conversationId })
    },
    [assistant, conversationId],
  )
  const setAssistant = (name: string) =>
    void navigate({ to: '/ask', search: { assistant: name }, replace: true })
  return { exchanges, ask: { assistant, send, setAssistant } }
}

function useNewConversation() {
  const navigate = useNavigate()
  const start = useCallback(() => {
    forgetTurns((turn) => turn.conversationId === null)
    void navigate({ to: '/ask', search: {} }).then(() =>
      document.getElementById('question')?.focus(),
    )
  }, [navigate])
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== 'n' || event.ctrlKey || event.metaKey || event.altKey) return
      if (isTyping(event.target) || document.querySelector('[role="dialog"]')) return
      event.preventDefault()
      start()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [start])
  return start
}

/** The composer keeps the focus after a question: while nothing stands in it, keys are for the answer. */
function isEmptyComposer(target: EventTarget | null): boolean {
  return target instanceof HTMLTextAreaElement && target.id === 'question' && target.value === ''
}

type OpenSource = ReturnType<typeof useOpenSource>

/** The citation in the address, and how to open, step through and close it. */
function useOpenSource(exchanges: Exchange[]) {
  const navigate = useNavigate()
  const { cite, message } = useSearch({ strict: false })
  const exchange = message
    ? exchanges.find(({ key }) => key === message)
    : exchanges.findLast(({ citations }) => citations.length > 0)
  const citations = useMemo(() => distinctCitations(exchange?.citations ?? []), [exchange])
  const cited = cite === undefined ? undefined : citations.find(({ number }) => number === cite)
  const show = useCallback(
    (number: number | undefined, key: string | undefined) =>
      void navigate({
        to: '.',
        search: (old) => ({ ...old, cite: number, message: number ? key : undefined }),
        replace: cite !== undefined && number !== undefined,
        resetScroll: false,
      }),
    [navigate, cite],
  )
  const key = exchange?.key
  const step = useCallback(
    (by: 1 | -1) => {
      const at = citations.findIndex(({ number }) => number === cite)
      const next = citations[at < 0 ? 0 : (at + by + citations.length) % citations.length]
      if (next) show(next.number, key)
    },
    [citations, cite, key, show],
  )
  const close = useCallback(() => show(undefined, undefined), [show])
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (citations.length === 0 || document.querySelector('[role="dialog"]')) return
      if (isTyping(event.target) && !isEmptyComposer(event.target)) return
      if (event.key === ']') step(1)
      else if (event.key === '[') step(-1)
      else if (event.key === 'Escape' && cite !== undefined) close()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [step, close, cite, citations])
  const spans = useMemo(() => spansOf(exchange?.citations ?? [], cite), [exchange, cite])
  return { cited, spans, key, step, close, open: (of: string, number: number) => show(number, of) }
}
