import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Body {
  model: string
  stream?: boolean
  messages: { role: string; content: unknown }[]
  tools?: { function: { name: string } }[]
  tool_choice?: unknown
  response_format?: { type: string; json_schema?: { schema: { required?: string[] } } }
}

export interface ToolUpstream {
  url: string
  host: string
  bodies: Body[]
  close(): Promise<void>
}

/**
 * Chat completions of a model that does as it is told: it calls the tool that it is given with `{"city": "Bern"}`, says
 * what the tool found, fills in a schema, and otherwise says `It is sunny.`.
 */
export async function startToolUpstream(): Promise<ToolUpstream> {
  const bodies: Body[] = []
  const server = createServer((request, response) => void serve(request, response, bodies))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    bodies,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
const head = { id: 'chatcmpl-t', created: 1 }

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  bodies: Body[],
): Promise<void> {
  let text = ''
  for await (const piece of request) text += piece
  const body = JSON.parse(text) as Body
  bodies.push(body)
  const said = answerTo(body)
  if (!body.stream) {
    const finish_reason = 'tool' in said ? 'tool_calls' : 'stop'
    const message = { role: 'assistant', ...('tool' in said ? calls(said.tool) : said) }
    const choices = [{ index: 0, message, finish_reason }]
    const whole = { ...head, object: 'chat.completion', model: body.model, choices, usage }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const piece of pieces(said)) {
    const chunk = { ...head, object: 'chat.completion.chunk', model: body.model, ...piece }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  response.end('data: [DONE]\n\n')
}

type Said = { content: string } | { tool: string }

function answerTo({ messages, tools, response_format: format }: Body): Said {
  const last = messages.at(-1)!
  const found = typeof last.content === 'string' ? last.content : JSON.stringify(last.content)
  if (last.role === 'tool') return { content: `The tool says ${found}.` }
  if (format?.type === 'json_schema') return { content: '{"city":"Bern","degrees":21}' }
  const [tool] = tools ?? []
  return tool ? { tool: tool.function.name } : { content: 'It is sunny.' }
}

function calls(name: string) {
  const args = '{"city":"Bern","degrees":21}'
  const call = { id: 'call_1', type: 'function', function: { name, arguments: args } }
  return { content: null, tool_calls: [call] }
}

function* pieces(said: Said): Generator<object> {
  const choice = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  })
  yield choice({ role: 'assistant', content: 'tool' in said ? null : '' })
  if ('tool' in said) {
    const [call] = calls(said.tool).tool_calls
    const { arguments: args, name } = call!.function
    const started = { ...call, index: 0, function: { name, arguments: '' } }
    yield choice({ tool_calls: [started] })
    for (const part of [args.slice(0, 9), args.slice(9)]) {
      yield choice({ tool_calls: [{ index: 0, function: { arguments: part } }] })
    }
    yield choice({}, 'tool_calls')
  } else {
    for (const word of said.content.split(/(?<= )/)) yield choice({ content: word })
    yield choice({}, 'stop')
  }
  yield { choices: [], usage }
}
