import { toPlinthError } from '#kernel'
import type { Ended, Exchange, ForwardSink, KeptAnswer, Said } from '#models'
import type { StreamWriterOptions } from '#ports'
import type { Account } from '../accounting.ts'
import { asksForUsage } from '../facts.ts'
import type { MaskedCall } from '../masking.ts'

/** Says a kept answer again, to this caller: whole or as a stream, as they asked, and with their own values. */
export function replay(
  account: Account,
  kept: KeptAnswer,
  to: { sink: ForwardSink; masked: MaskedCall | undefined },
): Exchange {
  const { sink, masked } = to
  let left = false
  return {
    done: said(account, kept, masked).then(
      (body): Ended => {
        if (left) return { begun: false }
        const { stream } = account.call
        sink.head(kept.contentType, kept, stream ? undefined : body.length)
        if (stream) {
          sink.write(body)
          sink.end()
        } else sink.end(body)
        return { begun: true }
      },
      (error): Ended => ({ begun: false, error: toPlinthError(error) }),
    ),
    abort() {
      left = true
    },
    resume() {},
  }
}

async function said(
  account: Account,
  kept: KeptAnswer,
  masked: MaskedCall | undefined,
): Promise<Buffer> {
  if (kept.said.kind === 'bytes') return kept.said.body
  return rewritten(account, kept.said, masked)
}

async function rewritten(
  { id, call, model }: Account,
  what: Exclude<Said, { kind: 'bytes' }>,
  masked: MaskedCall | undefined,
): Promise<Buffer> {
  const transform = masked?.transform()
  const options: StreamWriterOptions = {
    id,
    model: model.name,
    created: Math.floor(Date.now() / 1_000),
    includeUsage: asksForUsage(call.parsed),
  }
  if (what.kind === 'reply') {
    const reply = transform ? await transform.reply(what.reply) : what.reply
    return Buffer.from(JSON.stringify(call.dialect.writeReply(reply, options).body))
  }
  const writer = call.dialect.writeStream(options)
  const pieces: Buffer[] = []
  const write = (piece: string | Uint8Array) => pieces.push(Buffer.from(piece as Uint8Array))
  for (const event of what.events) {
    const events = transform ? await transform.event(event) : [event]
    for (const one of events) write(writer.write(one))
  }
  write(writer.end())
  return Buffer.concat(pieces)
}
