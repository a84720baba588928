import { Play, Save, Square } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../../components/Button.tsx'
import { Field, Input, Textarea } from '../../../components/Field.tsx'
import { useMay } from '../../../data/session.ts'
import type { Prompt, PromptProblems } from './asking.ts'
import { SavePrompt } from './SavePrompt.tsx'

interface PromptFormProps {
  prompt: Prompt
  problems: PromptProblems
  running: boolean
  onChange: (part: Partial<Prompt>) => void
  onRun: () => void
  onStop: () => void
}

/** What all models are asked, with the parameters. Ctrl-Enter runs it from any field. */
export function PromptForm(props: PromptFormProps) {
  const { prompt, problems, running, onChange, onRun, onStop } = props
  const [saving, setSaving] = useState(false)
  const mayWrite = useMay('resources.write')
  return (
    <form
      aria-label="Prompt"
      className="grid min-w-0 content-start gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        onRun()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
        event.preventDefault()
        onRun()
      }}
    >
      <Field label="Instructions" hint="What the model is told before the question.">
        {(control) => (
          <Textarea
            {...control}
            rows={4}
            value={prompt.system}
            onChange={(event) => onChange({ system: event.target.value })}
          />
        )}
      </Field>
      <Field label="Message" error={problems.user}>
        {(control) => (
          <Textarea
            {...control}
            rows={6}
            value={prompt.user}
            onChange={(event) => onChange({ user: event.target.value })}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Temperature" error={problems.temperature}>
          {(control) => (
            <Input
              {...control}
              inputMode="decimal"
              placeholder="the model’s"
              value={prompt.temperature}
              onChange={(event) => onChange({ temperature: event.target.value })}
            />
          )}
        </Field>
        <Field label="Max tokens" error={problems.maxTokens}>
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              placeholder="the model’s"
              value={prompt.maxTokens}
              onChange={(event) => onChange({ maxTokens: event.target.value })}
            />
          )}
        </Field>
      </div>
      <More {...props} />
      <div className="flex flex-wrap gap-2">
        {running ? (
          <Button variant="primary" icon={<Square aria-hidden />} onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button type="submit" variant="primary" icon={<Play aria-hidden />} title="Ctrl Enter">
            Run
          </Button>
        )}
        {mayWrite ? (
          <Button
            icon={<Save aria-hidden />}
            disabled={prompt.system.trim() === ''}
            onClick={() => setSaving(true)}
          >
            Save as prompt version
          </Button>
        ) : null}
      </div>
      {saving ? <SavePrompt system={prompt.system} onClose={() => setSaving(false)} /> : null}
    </form>
  )
}

const schemaExample = `{
  "type": "object",
  "properties": { "days": { "type": "integer" } },
  "required": ["days"],
  "additionalProperties": false
}`

const toolsExample = `[{ "type": "function", "function": {
  "name": "look_up",
  "parameters": { "type": "object", "properties": { "word": { "type": "string" } } }
} }]`

function More({ prompt, problems, onChange }: PromptFormProps) {
  return (
    <details open={prompt.schema !== '' || prompt.tools !== '' || undefined}>
      <summary className="cursor-pointer rounded text-ink-2">Structured output and tools</summary>
      <div className="mt-3 grid gap-4">
        <Field label="JSON schema of the answer" error={problems.schema}>
          {(control) => (
            <Textarea
              {...control}
              rows={5}
              spellCheck={false}
              className="font-mono text-small"
              placeholder={schemaExample}
              value={prompt.schema}
              onChange={(event) => onChange({ schema: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Tools, as JSON"
          hint="Their calls are shown, not made."
          error={problems.tools}
        >
          {(control) => (
            <Textarea
              {...control}
              rows={5}
              spellCheck={false}
              className="font-mono text-small"
              placeholder={toolsExample}
              value={prompt.tools}
              onChange={(event) => onChange({ tools: event.target.value })}
            />
          )}
        </Field>
      </div>
    </details>
  )
}
