/**
 * Entry of a parser process: takes one document at a time from its parent and sends back its
 * parts.
 */
import { readFile } from 'node:fs/promises'
import { PlinthError, toPlinthError } from '#kernel'
import { headOfDocument, type ParserReply, type ParserRequest, partsOfDocument } from '#ports'
import { parseAny } from './parse-any.ts'

const progressEveryMs = 100

/** Resolves once the parent's pipe has taken the message, so that parts do not pile up here. */
function send(reply: ParserReply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(reply, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}

async function parse(request: ParserRequest): Promise<void> {
  const { id, name } = request
  let told = 0
  const onProgress = (done: number, total: number) => {
    if (Date.now() - told < progressEveryMs && done !== total) return
    told = Date.now()
    void send({ type: 'progress', id, done, total }).catch(leave)
  }
  try {
    const bytes = 'bytes' in request ? request.bytes : await readBytes(request.path, name)
    const deadline = Date.now() + request.seconds * 1_000
    const { document, parserId } = await parseAny({ bytes, name }, { onProgress, deadline })
    for (const part of partsOfDocument(document)) await send({ type: 'part', id, ...part })
    await send({ type: 'done', id, head: headOfDocument(document, parserId) })
  } catch (error) {
    const { code, message, where, remedy } = toPlinthError(error)
    const failure = { code, detail: message, remedy, ...(where === undefined ? {} : { where }) }
    await send({ type: 'failed', id, error: failure })
  }
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new PlinthError('UNPARSABLE', {
      detail: `The file could not be opened (${code}).`,
      where: name,
      remedy: 'Check that the file still exists and that the server may read it.',
      cause: error,
    })
  }
}

function leave(): void {
  process.exit(0)
}

// The parent decides when to stop; a Ctrl-C on the terminal reaches it as well.
process.on('SIGINT', () => undefined)
process.on('disconnect', leave)
process.on('message', (request: ParserRequest) => void parse(request).catch(leave))
void send({ type: 'ready' }).catch(leave)
