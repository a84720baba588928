import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ThumbsDown, ThumbsUp } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '../../components/Button.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Textarea } from '../../components/Field.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { useDraft } from '../../data/drafts.ts'
import { durationText } from '../../data/format.ts'
import { type Exchange, withSources } from './exchanges.ts'

/** Copy, judge, and see how the answer came about. */
export function AnswerActions({ exchange }: { exchange: Exchange }) {
  const { traceId, model, tookMs } = exchange
  const [rating, setRating] = useState(exchange.rating)
  const [commenting, setCommenting] = useState(false)
  const judge = useMutation({
    mutationFn: ({ mark, comment = '' }: { mark: 1 | -1; comment?: string }) =>
      plinth.answers.feedback({ traceId: traceId ?? '', rating: mark, comment }),
    onMutate: ({ mark }) => setRating(mark),
    onError: () => setRating(exchange.rating),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['conversation'] }),
  })
  const press = (mark: 1 | -1) => {
    judge.mutate({ mark })
    setCommenting(true)
  }
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center gap-0.5 text-small text-ink-3">
        {exchange.text ? (
          <CopyButton text={withSources(exchange)} label="Copy with sources" />
        ) : null}
        {traceId ? (
          <>
            <IconButton
              label="Good answer"
              pressed={rating === 1}
              onClick={() => press(1)}
              className="size-7"
            >
              <ThumbsUp aria-hidden />
            </IconButton>
            <IconButton
              label="Bad answer"
              pressed={rating === -1}
              onClick={() => press(-1)}
              className="size-7"
            >
              <ThumbsDown aria-hidden />
            </IconButton>
            <Link
              to="/activity/$traceId"
              params={{ traceId }}
              className="ml-1 rounded px-1 hover:text-ink hover:underline"
            >
              How this answer came about
            </Link>
          </>
        ) : null}
        <span className="ml-auto">
          {[model, tookMs === null ? null : durationText(tookMs)].filter(Boolean).join(' · ')}
        </span>
      </div>
      {judge.error ? <ErrorPanel problem={problemOf(judge.error)} /> : null}
      {commenting && rating !== null && traceId ? (
        <Comment
          traceId={traceId}
          good={rating > 0}
          onSend={(comment) => judge.mutateAsync({ mark: rating > 0 ? 1 : -1, comment })}
          onDone={() => setCommenting(false)}
        />
      ) : null}
    </div>
  )
}

interface CommentProps {
  traceId: string
  good: boolean
  onSend: (comment: string) => Promise<unknown>
  onDone: () => void
}

function Comment({ traceId, good, onSend, onDone }: CommentProps) {
  const [comment, setComment] = useDraft(`comment.${traceId}`)
  const send = async () => {
    await onSend(comment)
    setComment('')
    toast({ title: 'Thank you: the comment stands with the answer.' })
    onDone()
  }
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Textarea
        aria-label="Comment"
        rows={2}
        maxLength={5000}
        placeholder={good ? 'What was good about it? (optional)' : 'What is wrong or missing?'}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="flex gap-2">
        <Button type="submit" disabled={comment.trim() === ''}>
          Send the comment
        </Button>
        <Button variant="ghost" onClick={onDone}>
          No comment
        </Button>
      </div>
    </form>
  )
}
