import type { ApplyRequest, ApplyResult } from '@plinth/sdk'
import { useMutation } from '@tanstack/react-query'
import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { Badge } from '../../components/Badge.tsx'
import { Button } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Field, Input } from '../../components/Field.tsx'
import { Skeleton } from '../../components/States.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { useDraft } from '../../data/drafts.ts'
import { plural } from '../../data/format.ts'
import { patiently } from '../../data/reach.ts'
import { DiffView } from './DiffView.tsx'
import { lineProblemsOf } from './line-problems.ts'
import { useValidation, type Validation } from './use-validation.ts'

const YamlEditor = lazy(() =>
  patiently(() => import('./YamlEditor.tsx')).then((module) => ({ default: module.YamlEditor })),
)

interface EditPanelProps {
  /** Where the draft is kept. */
  draftKey: string
  initial: string
  readOnly: boolean
  expectedRevisions?: ApplyRequest['expectedRevisions']
  /** New ones may be applied as they are; stored ones only when something differs. */
  isNew: boolean
  onApplied: (result: ApplyResult) => void
}

/** The YAML of resources, checked by the server as it is written, applied with a message. */
export function EditPanel(props: EditPanelProps) {
  const { draftKey, initial, readOnly, isNew, onApplied } = props
  const [yaml, setYaml] = useDraft(`resource.${draftKey}`, initial)
  const [message, setMessage] = useDraft(`resource.message.${draftKey}`)
  // Counts how often the text was put back: the editor begins anew with it.
  const [generation, setGeneration] = useState(0)
  const changed = yaml !== initial
  const validation = useValidation(yaml, !readOnly && (changed || isNew))
  const problems = useMemo(
    () => (validation.state === 'wrong' ? lineProblemsOf(validation.problem) : []),
    [validation],
  )
  const apply = useMutation({
    mutationFn: () => {
      const { expectedRevisions } = props
      return plinth.resources.apply({
        yaml,
        message,
        ...(expectedRevisions && { expectedRevisions }),
      })
    },
    onSuccess: (result) => {
      setYaml(initial)
      setMessage('')
      for (const key of ['resource', 'resources', 'assistants', 'bases', 'sources']) {
        void queryClient.invalidateQueries({ queryKey: [key] })
      }
      onApplied(result)
    },
  })
  const ready = validation.state === 'valid' && (changed || isNew) && !readOnly
  return (
    <div className="grid h-full min-h-0 lg:grid-cols-[minmax(0,1fr)_minmax(300px,38%)]">
      <div className="min-h-80 border-line max-lg:border-b lg:border-r">
        <Suspense fallback={<Skeleton lines={12} />}>
          <YamlEditor
            key={generation}
            initial={yaml}
            onChange={setYaml}
            problems={problems}
            readOnly={readOnly}
            onSave={() => ready && apply.mutate()}
          />
        </Suspense>
      </div>
      <div className="grid content-start gap-4 overflow-y-auto p-4">
        {readOnly ? (
          <p className="text-ink-2">
            You may read this. Changing it needs the permission <code>resources.write</code>.
          </p>
        ) : (
          <>
            <State validation={validation} changed={changed || isNew} />
            {validation.state === 'wrong' ? <Findings validation={validation} /> : null}
            {validation.state === 'valid' ? <Preview result={validation.result} /> : null}
            <Field label="Why (stands in the history)">
              {(control) => (
                <Input
                  {...control}
                  maxLength={2000}
                  value={message}
                  onChange={(event) => setMessage(event.target.value)}
                />
              )}
            </Field>
            {apply.error ? <ErrorPanel problem={problemOf(apply.error)} /> : null}
            <div className="flex gap-2">
              <Button
                variant="primary"
                disabled={!ready}
                busy={apply.isPending}
                onClick={() => apply.mutate()}
              >
                Apply
              </Button>
              {changed ? (
                <Button
                  variant="ghost"
                  onClick={() => {
                    setYaml(initial)
                    setGeneration(generation + 1)
                  }}
                >
                  Discard the draft
                </Button>
              ) : null}
            </div>
          </>
        )}
      </div>
    </div>
  )
}

function State({ validation, changed }: { validation: Validation; changed: boolean }) {
  const { state } = validation
  if (!changed || state === 'idle') {
    return <p className="text-ink-3">Change the text; what applying it would do is shown here.</p>
  }
  if (state === 'checking') {
    return (
      <p role="status" className="flex items-center gap-2 text-ink-3">
        <LoaderCircle aria-hidden className="spin size-4" /> Checking
      </p>
    )
  }
  return state === 'valid' ? (
    <p role="status" className="flex items-center gap-2 text-good">
      <CircleCheck aria-hidden className="size-4" /> Valid
    </p>
  ) : (
    <p role="status" className="flex items-center gap-2 text-blocked">
      <CircleX aria-hidden className="size-4" /> Not valid yet
    </p>
  )
}

function Findings({ validation }: { validation: Validation & { state: 'wrong' } }) {
  const findings = lineProblemsOf(validation.problem)
  return (
    <ul className="grid gap-2" aria-label={plural(findings.length, 'finding')}>
      {findings.map(({ line, message }) => (
        <li key={`${line} ${message}`} className="border-l-2 border-blocked pl-3">
          {line === undefined ? null : <span className="font-medium">Line {line}: </span>}
          {message}
        </li>
      ))}
    </ul>
  )
}

function Preview({ result }: { result: ApplyResult }) {
  return result.results.map(({ kind, name, outcome, diff }) => (
    <div key={`${kind}/${name}`} className="grid gap-1.5">
      <p className="flex items-center gap-2">
        <span className="font-medium">
          {kind}/{name}
        </span>
        <Badge tone={outcome === 'unchanged' ? 'neutral' : 'accent'}>
          {outcome === 'unchanged' ? 'unchanged' : `would be ${outcome}`}
        </Badge>
      </p>
      {diff ? <DiffView diff={diff} label={`What changes in ${name}`} /> : null}
    </div>
  ))
}
