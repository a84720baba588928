import type { ModelUses, Promotion, PromotionRequest } from '@plinth/sdk'
import { InvalidArgumentError } from 'commander'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'

const stages = ['draft', 'evaluated', 'approved', 'deprecated', 'retired'] as const

export const registryVerbs: Verb[] = [
  {
    name: 'models promote',
    summary: 'Move a Model to another stage, or propose it where that takes a second person',
    needs: ['models.write'],
    define: (command) =>
      command
        .argument('<name>')
        .requiredOption('--to <stage>', stages.join(', '), stageOf)
        .option('--note <text>', 'why'),
    run: (call) => promote(call, call.option<PromotionRequest['to']>('to')!),
  },
  {
    name: 'models promotions',
    summary: 'List moves of Models between stages, newest first',
    needs: ['resources.read'],
    define: (command) => withLimit(command.option('--open', 'those that wait for a decision')),
    run: promotions,
  },
  {
    name: 'models decide',
    summary: 'Approve or refuse the proposed stage of a Model',
    needs: ['models.write'],
    define: (command) =>
      command
        .argument('<promotion>')
        .option('--approve', 'let it in')
        .option('--reject', 'refuse it')
        .option('--note <text>', 'why'),
    run: decide,
  },
  {
    name: 'models retire',
    summary: 'Take a Model out of use, after showing who uses it still',
    needs: ['models.write'],
    define: (command) =>
      command
        .argument('<name>')
        .option('--dry-run', 'only show who uses it')
        .option('--force', 'although a route has nothing else')
        .option('--note <text>', 'why'),
    run: retire,
  },
  {
    name: 'models approvers',
    summary: 'Set how many people it takes to let a Model into production',
    needs: ['roles.write'],
    define: (command) => command.argument('<people>', 'one or two'),
    run: approvers,
  },
]

function stageOf(text: string): (typeof stages)[number] {
  const found = stages.find((one) => one === text)
  if (!found) throw new InvalidArgumentError(`It must be one of ${stages.join(', ')}.`)
  return found
}

async function promote(call: VerbCall, to: PromotionRequest['to']): Promise<ExitName> {
  const client = await call.client()
  const note = call.option('note')
  const done = await client.models.promote({
    model: call.arg(0) ?? '',
    to,
    ...(note === undefined ? {} : { note }),
    ...(call.option<boolean>('force') ? { force: true } : {}),
  })
  await call.data(done)
  if (done.state !== 'open') await call.say(`Model ${done.model} is ${done.toStage} now.`)
  else {
    await call.say(`Model ${done.model} is proposed as ${done.toStage}: ${done.id}`)
    call.note(`A second person decides: plinth models decide ${done.id} --approve`)
  }
  return 'ok'
}

async function promotions(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const open = call.option<boolean>('open') ? { state: 'open' as const } : {}
  const items = await call.pages((paging) => client.models.promotions({ ...paging, ...open }))
  await call.rows(items, columns, 'No model was moved between stages.')
  return 'ok'
}

const columns: Record<string, (one: Promotion) => string> = {
  id: ({ id }) => id,
  model: ({ model, revision }) => `${model}@${revision}`,
  from: ({ fromStage }) => fromStage ?? '(none)',
  to: ({ toStage }) => toStage,
  state: ({ state }) => state,
  'asked by': ({ askedByName, askedAt }) => `${askedByName}, ${time(askedAt)}`,
  'decided by': ({ decidedByName, decidedAt }) =>
    decidedByName === null ? '' : `${decidedByName}, ${time(decidedAt)}`,
  note: ({ note, decisionNote }) => decisionNote || note,
}

async function decide(call: VerbCall): Promise<ExitName> {
  const [approve, reject] = [call.option<boolean>('approve'), call.option<boolean>('reject')]
  if ((approve === true) === (reject === true)) {
    throw usage('Say --approve or --reject.', 'One of the two.')
  }
  const client = await call.client()
  const note = call.option('note')
  const done = await client.models.decide(call.arg(0) ?? '', {
    approve: approve === true,
    ...(note === undefined ? {} : { note }),
  })
  await call.data(done)
  await call.say(
    approve
      ? `Model ${done.model} is ${done.toStage} now.`
      : `Model ${done.model} stays ${done.fromStage ?? 'as it was'}.`,
  )
  return 'ok'
}

async function retire(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const uses = await client.models.uses(call.arg(0) ?? '')
  const dry = call.option<boolean>('dryRun') === true
  if (dry) await call.data(uses)
  await call.say(usesText(uses))
  return dry ? 'ok' : promote(call, 'retired')
}

function usesText({ model, routes, assistants, callers, more }: ModelUses): string {
  const lines = [
    ...routes.map(
      ({ name, only, shadow }) =>
        `route      ${name}${only ? ' (it has nothing else)' : shadow ? ' (as its shadow)' : ''}`,
    ),
    ...assistants.map((name) => `assistant  ${name}`),
    ...callers.map(
      ({ name, calls, lastAt }) => `caller     ${name}: ${calls} calls, the last ${time(lastAt)}`,
    ),
    ...(more ? ['           and more callers'] : []),
  ]
  return lines.length > 0 ? lines.join('\n') : `Nothing uses model ${model}.`
}

async function approvers(call: VerbCall): Promise<ExitName> {
  const people = { one: 1 as const, two: 2 as const }[call.arg(0) ?? '']
  if (people === undefined) throw usage('It is "one" or "two".', 'plinth models approvers two')
  const client = await call.client()
  await call.data(await client.models.setApprovers({ people }))
  await call.say(`Letting a Model into production takes ${call.arg(0)} from now on.`)
  return 'ok'
}
