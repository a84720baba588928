import type { RouteExplanation, RouteQuestion } from '@plinth/sdk'
import type { ExitName } from '../exits.ts'
import { type Verb, type VerbCall, wholeNumber } from '../verb.ts'

const words = (text: string) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)

export const routeVerbs: Verb[] = [
  {
    name: 'route explain',
    summary: 'Show which model a route would choose for a request now, and why not the others',
    needs: ['resources.read'],
    define: (command) =>
      command
        .argument('<name>')
        .option('--operation <name>', 'chat, embeddings, rerank …')
        .option('--needs <list>', 'tools, vision, json-schema …, separated by commas', words)
        .option('--input-tokens <n>', 'of the prompt', wholeNumber)
        .option('--max-output-tokens <n>', 'the most it asks for', wholeNumber)
        .option('--class <list>', 'classes of the data in it', words)
        .option('--region <list>', 'which it must not leave', words)
        .option('--group <list>', 'of who would ask', words)
        .option('--user <list>', 'ids of who would ask', words)
        .option('--project <name>', 'which the request belongs to')
        .option('--use-case <name>', 'which the request belongs to')
        .option('--language <tag>', 'such as en or pt-BR')
        .option('--conversation <id>', 'for routes that keep a conversation with one model'),
    run: explain,
  },
]

async function explain(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const told = await client.resources.explainRoute(call.arg(0) ?? '', questionOf(call))
  await call.data(told)
  await call.say(`${told.route} (${told.strategy}): ${told.reason}`)
  if (!call.json) {
    await call.rows(told.candidates, columns, 'The route has no candidate.')
    if (told.shadow) await call.say(`Its shadow would be ${told.shadow}.`)
  }
  return 'ok'
}

type Candidate = RouteExplanation['candidates'][number]

const columns: Record<string, (one: Candidate) => string> = {
  place: ({ place }) => (place === null ? '-' : String(place)),
  model: ({ model }) => model,
  provider: ({ provider }) => provider ?? '',
  'first token': ({ forecast }) => milliseconds(forecast?.firstTokenMs),
  total: ({ forecast }) => milliseconds(forecast?.totalMs),
  cost: ({ forecast }) =>
    forecast?.costUsd == null ? 'unknown' : `$${forecast.costUsd.toPrecision(2)}`,
  why: ({ reason }) => reason,
}

function milliseconds(ms: number | null | undefined): string {
  return ms == null ? 'not measured' : `${Math.round(ms)} ms`
}

/** Only what was said: what is not said is unknown to routing. */
function questionOf(call: VerbCall): RouteQuestion {
  const options = {
    operation: call.option('operation'),
    needs: call.option<string[]>('needs'),
    inputTokens: call.option<number>('inputTokens'),
    maxOutputTokens: call.option<number>('maxOutputTokens'),
    dataClasses: call.option<string[]>('class'),
    regions: call.option<string[]>('region'),
    groups: call.option<string[]>('group'),
    principals: call.option<string[]>('user'),
    project: call.option('project'),
    useCase: call.option('useCase'),
    language: call.option('language'),
    conversation: call.option('conversation'),
  }
  const said = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as RouteQuestion
}
