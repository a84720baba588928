import type { PlinthProblem } from '@plinth/sdk'
import { CircleAlert, RotateCw } from 'lucide-react'
import { Button } from './Button.tsx'
import { CopyButton } from './CopyButton.tsx'

interface ErrorPanelProps {
  problem: Pick<PlinthProblem, 'code' | 'detail'> & Partial<PlinthProblem>
  title?: string
  onRetry?: () => void
}

/** What was wrong, where, and how to mend it, with the code that `docs/errors.md` explains. */
export function ErrorPanel({ problem, title, onRetry }: ErrorPanelProps) {
  const { code, detail, where, remedy, requestId, problems } = problem
  const lines = [`${code}: ${detail}`, where && `where: ${where}`, remedy && `remedy: ${remedy}`]
  const text = [...lines, requestId && `request: ${requestId}`].filter(Boolean).join('\n')
  return (
    <div
      role="alert"
      className="flex gap-3 rounded-md border border-line border-l-2 border-l-blocked bg-surface p-3"
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-blocked" />
      <div className="grid min-w-0 flex-1 gap-1">
        {title ? <p className="font-semibold">{title}</p> : null}
        <p className="break-words">{detail}</p>
        {where ? <p className="break-words text-ink-2">Where: {where}</p> : null}
        {remedy ? <p className="text-ink-2">{remedy}</p> : null}
        {problems?.length ? (
          <ul className="list-disc pl-4 text-ink-2">
            {problems.map((one) => (
              <li key={one.where + one.detail}>
                {one.where ? `${one.where}: ` : ''}
                {one.detail} {one.remedy}
              </li>
            ))}
          </ul>
        ) : null}
        <div className="mt-1 flex flex-wrap items-center gap-2 text-small text-ink-3">
          <code className="font-mono">{code}</code>
          {requestId ? <code className="font-mono break-all">request {requestId}</code> : null}
          <CopyButton text={text} label="Copy the error" />
          {onRetry ? (
            <Button icon={<RotateCw aria-hidden />} onClick={onRetry} className="h-7 px-2">
              Try again
            </Button>
          ) : null}
        </div>
      </div>
    </div>
  )
}
