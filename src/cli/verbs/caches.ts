import type { ExitName } from '../exits.ts'
import type { Verb, VerbCall } from '../verb.ts'

export const cacheVerbs: Verb[] = [
  {
    name: 'cache show',
    summary: 'Show what the server keeps of answers',
    needs: ['resources.read'],
    run: show,
  },
  {
    name: 'cache purge',
    summary: 'Forget all answers that are kept for the organization, on every server',
    needs: ['resources.write'],
    run: purge,
  },
]

async function show(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const state = await client.usage.caches()
  await call.data(state)
  const { answers, recalled, generation } = state
  await call.say(`${answers.entries} answers of models, ${answers.bytes} bytes.`)
  await call.say(`${recalled.entries} lists of answers of assistants, ${recalled.bytes} bytes.`)
  await call.say(`Generation ${generation}.`)
  return 'ok'
}

async function purge(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const done = await client.usage.purgeCaches()
  await call.data(done)
  await call.say('Nothing that was kept before is given any more.')
  return 'ok'
}
