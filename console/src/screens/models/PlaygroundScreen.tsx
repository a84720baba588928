import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FlaskConical, Link2, Plus } from 'lucide-react'
import { useState } from 'react'
import { Button, buttonClass } from '../../components/Button.tsx'
import { copyText } from '../../components/CopyButton.tsx'
import { EmptyState } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { ModelsFrame } from './ModelsFrame.tsx'
import { AnswerPanel } from './playground/Answer.tsx'
import { callsOf, type Prompt, type PromptProblems } from './playground/asking.ts'
import { PromptForm } from './playground/PromptForm.tsx'
import { useRuns } from './playground/runs.ts'
import { usePrompt } from './playground/use-prompt.ts'

const route = getRouteApi('/app/models/playground')
const mostModels = 4
/** Longer addresses are cut by some programs that people send links with. */
const longestLink = 8_000

export function PlaygroundScreen() {
  return (
    <ModelsFrame tab="/models/playground" any={['models.use']}>
      <Playground />
    </ModelsFrame>
  )
}

function Playground() {
  const usable = useQuery(queries.usableModels())
  const mayRead = useMay('resources.read')
  const routes = useQuery({ ...queries.routes(), enabled: mayRead })
  return (
    <Loaded query={usable} lines={8}>
      {({ data }) => {
        const models = data.filter(({ owned_by: by }) => by === 'plinth-model').map(({ id }) => id)
        const named = routes.data?.items.map(({ name }) => name) ?? []
        const names = [...new Set([...models, ...(models.length > 0 ? named : [])])]
        return names.length === 0 ? <NoModels /> : <Bench names={names} />
      }}
    </Loaded>
  )
}

function NoModels() {
  const mayWrite = useMay('resources.write')
  return (
    <EmptyState
      icon={<FlaskConical aria-hidden />}
      title="There is no model to try yet"
      action={
        mayWrite ? (
          <Link
            to="/resources/new"
            search={{ kind: 'Provider' }}
            className={buttonClass('primary')}
          >
            <Plus aria-hidden /> New provider
          </Link>
        ) : null
      }
    >
      Here up to four models answer one prompt side by side, each with its times and its cost. A
      Provider says where a model is, a Model gives it a name.
    </EmptyState>
  )
}

function Bench({ names }: { names: string[] }) {
  const { models: given, ...linked } = route.useSearch()
  const navigate = route.useNavigate()
  const chosen = given?.split(',') ?? names.slice(0, 2)
  const choose = (models: string[]) =>
    void navigate({ search: (old) => ({ ...old, models: models.join(',') }), replace: true })
  const [prompt, change] = usePrompt(
    linked,
    () => void navigate({ search: ({ models }) => (models ? { models } : {}), replace: true }),
  )
  const [problems, setProblems] = useState<PromptProblems>({})
  const { runs, start, stop, clear, running } = useRuns()
  const run = () => {
    const made = callsOf(prompt, chosen)
    setProblems('problems' in made ? made.problems : {})
    if ('calls' in made) start(made.calls)
  }
  const place = (models: string[]) => {
    clear()
    choose(models)
  }
  const rest = names.find((name) => !chosen.includes(name)) ?? names[0]
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="grid gap-4 p-4 lg:grid-cols-[minmax(280px,360px)_minmax(0,1fr)]">
        <PromptForm
          {...{ prompt, problems, running }}
          onChange={(part) => {
            change(part)
            setProblems({})
          }}
          onRun={run}
          onStop={stop}
        />
        <div className="grid min-w-0 content-start gap-3">
          <div className="flex flex-wrap items-center gap-2">
            <p className="mr-auto text-small text-ink-3">
              Calls go through the gateway: rights, masking and budgets hold.
            </p>
            <Button icon={<Link2 aria-hidden />} onClick={() => void copyLink(chosen, prompt)}>
              Copy link
            </Button>
            <Button
              icon={<Plus aria-hidden />}
              disabled={chosen.length >= mostModels}
              onClick={() => rest && place([...chosen, rest])}
            >
              Add model
            </Button>
          </div>
          <div className="grid gap-3 md:grid-cols-2">
            {chosen.map((model, at) => (
              <AnswerPanel
                // biome-ignore lint/suspicious/noArrayIndexKey: a model may stand there twice
                key={at}
                model={model}
                models={names}
                run={runs[at]}
                structured={prompt.schema.trim() !== ''}
                onModel={(name) => place(chosen.with(at, name))}
                onRemove={
                  chosen.length > 1 ? () => place(chosen.filter((_, i) => i !== at)) : undefined
                }
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

async function copyLink(models: readonly string[], prompt: Prompt): Promise<void> {
  const params = new URLSearchParams({ models: models.join(',') })
  for (const [field, value] of Object.entries(prompt)) if (value !== '') params.set(field, value)
  const link = `${location.origin}/models/playground?${params}`
  if (link.length > longestLink) {
    toast({ tone: 'warning', title: 'The prompt is too long for a link: save it as a Prompt.' })
  } else if (await copyText(link)) toast({ tone: 'good', title: 'The link is copied.' })
}
