import { useQuery } from '@tanstack/react-query'
import { ArrowUp, Square } from 'lucide-react'
import { type FormEvent, useEffect, useRef } from 'react'
import { Button } from '../../components/Button.tsx'
import { Select } from '../../components/Field.tsx'
import { useDraft } from '../../data/drafts.ts'
import { queries } from '../../data/queries.ts'
import { useAway } from '../../data/reach.ts'
import { useNarrow, useOnline } from '../../frame/media.ts'

interface ComposerProps {
  conversationId: string | null
  assistant: string | undefined
  onAsk: (question: string) => void
  onAssistant: (name: string) => void
  /** Set while an answer is running. */
  onStop: (() => void) | undefined
}

const longest = 16_000

/** Where a question is written. What stands in it is kept per conversation until it is sent. */
export function Composer(props: ComposerProps) {
  const { conversationId, assistant, onAsk, onAssistant, onStop } = props
  const [question, setQuestion] = useDraft(`ask.${conversationId ?? 'new'}`)
  const assistants = useQuery(queries.assistants()).data?.items ?? []
  const online = useOnline()
  const away = useAway()
  const narrow = useNarrow()
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    // A keyboard that slides over the page on a telephone would hide what there is to read.
    if (!narrow) box.current?.focus({ preventScroll: true })
  }, [narrow])
  const ready = question.trim() !== '' && !onStop && online && !away
  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (!ready) return
    onAsk(question.trim())
    setQuestion('')
  }
  return (
    <form onSubmit={send} className="@container mx-auto w-full max-w-180 shrink-0 px-4 pb-4">
      <div
        className="grid gap-1 rounded-lg border border-line-strong bg-surface p-2
          focus-within:border-accent"
      >
        <textarea
          ref={box}
          id="question"
          aria-label="Question"
          rows={1}
          maxLength={longest}
          placeholder={conversationId ? 'Ask a follow-up' : 'Ask a question'}
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault()
              send()
            }
          }}
          className="field-sizing-content max-h-60 min-h-11 w-full resize-none bg-transparent px-1.5
            py-1 outline-none placeholder:text-ink-3"
        />
        <div className="flex items-center gap-2">
          {conversationId ? (
            <span className="px-1.5 text-small text-ink-3">{assistant}</span>
          ) : assistants.length > 0 ? (
            <Select
              aria-label="Assistant"
              value={assistant ?? ''}
              onChange={onAssistant}
              choices={assistants.map(({ name }) => ({ value: name, label: name }))}
              className="max-w-48"
            />
          ) : null}
          <span className="ml-auto hidden text-small text-ink-3 @lg:inline">
            {question.length > longest * 0.9
              ? `${longest - question.length} characters left`
              : 'Enter sends, Shift Enter breaks the line'}
          </span>
          {onStop ? (
            <Button
              icon={<Square aria-hidden className="fill-current" />}
              onClick={onStop}
              className="@max-lg:ml-auto"
            >
              Stop
            </Button>
          ) : (
            <Button
              type="submit"
              variant="primary"
              disabled={!ready}
              icon={<ArrowUp aria-hidden />}
              className="@max-lg:ml-auto"
            >
              Ask
            </Button>
          )}
        </div>
      </div>
    </form>
  )
}
