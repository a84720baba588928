import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowUpRight } from 'lucide-react'
import { buttonClass } from '../../components/Button.tsx'
import { EmptyState } from '../../components/States.tsx'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'

interface AskEmptyProps {
  assistant: string | undefined
  onAsk: (question: string) => void
  onAssistant: (name: string) => void
}

/** Before the first question: who answers, from what, and what one could ask. */
export function AskEmpty({ assistant, onAsk, onAssistant }: AskEmptyProps) {
  const assistants = useQuery(queries.assistants())
  return (
    <Loaded query={assistants}>
      {({ items }) => {
        const chosen = items.find(({ name }) => name === assistant) ?? items[0]
        if (!chosen) return <NoAssistant />
        return (
          <div className="mx-auto grid max-w-180 gap-6 px-4 pt-[14vh] pb-6">
            <div className="grid gap-2">
              <h2 className="text-title font-semibold">Ask {chosen.name}</h2>
              <p className="text-ink-2">
                {chosen.description} Each sentence of an answer carries its source; what the
                documents do not say is not answered.
              </p>
              <p className="text-small text-ink-3">
                Answers from {chosen.knowledgeBases.join(', ')}
                {chosen.model ? ` with ${chosen.model}` : ''}.
              </p>
            </div>
            <Suggestions questions={chosen.suggestions} onAsk={onAsk} />
            {items.length > 1 ? (
              <p className="text-small text-ink-3">
                Others:{' '}
                {items
                  .filter(({ name }) => name !== chosen.name)
                  .map(({ name, description }) => (
                    <button
                      key={name}
                      type="button"
                      title={description}
                      onClick={() => onAssistant(name)}
                      className="mr-2 rounded text-accent hover:underline"
                    >
                      {name}
                    </button>
                  ))}
              </p>
            ) : null}
          </div>
        )
      }}
    </Loaded>
  )
}

function NoAssistant() {
  const mayWrite = useMay('resources.write')
  return (
    <EmptyState
      title="There is no assistant yet"
      action={
        mayWrite ? (
          <Link
            to="/resources/new"
            search={{ kind: 'Assistant' }}
            className={buttonClass('primary')}
          >
            Make an assistant
          </Link>
        ) : null
      }
    >
      An assistant answers questions from knowledge bases, and every sentence carries its source.
      {mayWrite ? '' : ' Ask an owner of your organization to make one.'}
    </EmptyState>
  )
}

interface SuggestionsProps {
  questions: string[]
  onAsk: (question: string) => void
}

function Suggestions({ questions, onAsk }: SuggestionsProps) {
  if (questions.length === 0) return null
  return (
    <ul aria-label="Suggestions" className="grid gap-px">
      {questions.map((question) => (
        <li key={question}>
          <button
            type="button"
            onClick={() => onAsk(question)}
            className="group flex w-full items-center gap-3 border-t border-line px-2 py-2.5
              text-left hover:bg-hover"
          >
            <span className="flex-1">{question}</span>
            <ArrowUpRight
              aria-hidden
              className="size-4 shrink-0 text-ink-3 group-hover:text-accent"
            />
          </button>
        </li>
      ))}
    </ul>
  )
}
