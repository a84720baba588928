import { createServer } from 'node:http'

/**
 * A chat endpoint that takes no time: 858 bytes of JSON, or 32 frames and the end mark, and `usage` where asked. What
 * a gateway adds is then all there is to see. `node upstream.ts PORT`.
 */
const text = 'The quick brown fox jumps over the lazy dog. '.repeat(12).slice(0, 520)
const reply = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: text },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 250, completion_tokens: 120, total_tokens: 370 },
})
const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench' }
const frame = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const frames = [
  frame({ role: 'assistant', content: '' }),
  ...Array.from({ length: 30 }, (_, i) => frame({ content: ` word${i}` })),
  frame({}, 'stop'),
]
const usageFrame = `data: ${JSON.stringify({
  ...head,
  choices: [],
  usage: { prompt_tokens: 250, completion_tokens: 30, total_tokens: 280 },
})}\n\n`

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    if (!body.includes('"stream":true')) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(reply),
      })
      response.end(reply)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const one of frames) response.write(one)
    if (body.includes('"include_usage":true')) response.write(usageFrame)
    response.end('data: [DONE]\n\n')
  })
})
server.keepAliveTimeout = 120_000
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'))
