import { Link } from '@tanstack/react-router'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge } from '../../../components/Badge.tsx'
import { IconButton } from '../../../components/Button.tsx'
import { CopyButton } from '../../../components/CopyButton.tsx'
import { ErrorPanel } from '../../../components/ErrorPanel.tsx'
import { Select } from '../../../components/Field.tsx'
import { costText, count, durationText } from '../../../data/format.ts'
import { isJson } from './asking.ts'
import { isRunning, type Run, speedOf } from './runs.ts'

interface AnswerProps {
  model: string
  models: readonly string[]
  run: Run | undefined
  structured: boolean
  onModel: (name: string) => void
  /** Absent where it is the last one. */
  onRemove: (() => void) | undefined
}

/** One model and what it answers, with its times and its cost. */
export function AnswerPanel({ model, models, run, structured, onModel, onRemove }: AnswerProps) {
  const choices = models.includes(model) ? models : [model, ...models]
  return (
    <section
      aria-label={`Answer of ${model}`}
      className="flex min-h-64 min-w-0 flex-col rounded-lg border border-line bg-surface"
    >
      <div className="flex items-center gap-2 border-b border-line p-2">
        <Select
          aria-label="Model"
          value={model}
          onChange={onModel}
          choices={choices.map((value) => ({ value, label: value }))}
          className="min-w-0 flex-1"
        />
        {run ? <State run={run} structured={structured} /> : null}
        {run?.text ? <CopyButton text={run.text} label={`Copy the answer of ${model}`} /> : null}
        {onRemove ? (
          <IconButton label={`Remove ${model}`} onClick={onRemove}>
            <X aria-hidden />
          </IconButton>
        ) : null}
      </div>
      <div
        role="log"
        aria-busy={run ? isRunning(run) : false}
        aria-label={`Text of ${model}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
        className="grid max-h-[60vh] flex-1 content-start gap-3 overflow-y-auto p-3"
      >
        {run ? <Said run={run} /> : <p className="text-ink-3">Nothing asked yet.</p>}
      </div>
      {run ? <Figures run={run} /> : null}
    </section>
  )
}

function State({ run, structured }: { run: Run; structured: boolean }) {
  if (run.state === 'waiting') return <Badge tone="accent">waiting</Badge>
  if (run.state === 'streaming') return <Badge tone="accent">answering</Badge>
  if (run.state === 'stopped') return <Badge tone="warning">stopped</Badge>
  if (run.state === 'failed') return <Badge tone="blocked">failed</Badge>
  if (run.finish === 'length') return <Badge tone="warning">cut at max tokens</Badge>
  if (structured && run.text) {
    return isJson(run.text) ? (
      <Badge tone="good">JSON</Badge>
    ) : (
      <Badge tone="blocked">not JSON</Badge>
    )
  }
  return null
}

function Said({ run }: { run: Run }) {
  const { text, reasoning, tools, problem } = run
  return (
    <>
      {reasoning ? (
        <details>
          <summary className="cursor-pointer text-small text-ink-3">Reasoning</summary>
          <p className="mt-1 text-ink-2 break-words whitespace-pre-wrap">{reasoning}</p>
        </details>
      ) : null}
      {text ? <p className="break-words whitespace-pre-wrap">{text}</p> : null}
      {tools.map((tool, at) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: calls of tools keep their places
          key={at}
          className="grid gap-1 rounded-md border border-line p-2"
        >
          <p className="text-small text-ink-3">
            calls <code className="font-mono text-ink">{tool.name}</code>
          </p>
          <code className="font-mono text-small break-words whitespace-pre-wrap">
            {prettyJson(tool.arguments)}
          </code>
        </div>
      ))}
      {run.state === 'answered' && !text && tools.length === 0 ? (
        <p className="text-ink-3">It answered nothing.</p>
      ) : null}
      {problem ? <ErrorPanel problem={problem} /> : null}
    </>
  )
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function Figures({ run }: { run: Run }) {
  const { firstMs, tookMs, inputTokens, outputTokens, call } = run
  const speed = speedOf(run)
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(88px,1fr))] gap-x-3 gap-y-2 border-t border-line p-3 tabular-nums">
      <Small label="First token" value={firstMs === undefined ? null : durationText(firstMs)} />
      <Small label="Took" value={tookMs === undefined ? null : durationText(tookMs)} />
      <Small label="Speed" value={speed === undefined ? null : `${speed.toFixed(0)} tokens/s`} />
      <Small
        label="Tokens"
        value={
          outputTokens === undefined ? null : `${count(inputTokens ?? 0)} + ${count(outputTokens)}`
        }
      />
      <Small label="Cost" value={call ? costOf(call) : null} />
      <Small
        label="Answered by"
        value={
          call ? (
            <Link
              to="/models/calls/$callId"
              params={{ callId: call.id }}
              className="rounded text-accent hover:underline"
            >
              {call.model ?? 'nobody'}
            </Link>
          ) : null
        }
      />
    </dl>
  )
}

function costOf({ costUsd, unpriced }: NonNullable<Run['call']>): string | null {
  if (costUsd !== null) return costText(costUsd)
  return unpriced ? 'unknown' : null
}

function Small({ label, value }: { label: string; value: ReactNode }) {
  return (
    <div className="grid min-w-0 content-start">
      <dt className="text-small text-ink-3">{label}</dt>
      <dd className="truncate">{value ?? <span className="text-ink-3">–</span>}</dd>
    </div>
  )
}
