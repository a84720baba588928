import type { CatalogueEntry, ModelPrice, PricedModel } from '@plinth/sdk'
import type { ExitName } from '../exits.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'

export const priceVerbs: Verb[] = [
  {
    name: 'models prices',
    summary: 'Show what each Model costs now, and who says so',
    needs: ['resources.read'],
    define: (command) => withLimit(command.argument('[name]')),
    run: prices,
  },
  {
    name: 'models catalogue',
    summary: 'Search the list prices of vendors',
    needs: ['models.use'],
    define: (command) => withLimit(command.argument('[words...]')),
    run: catalogue,
  },
  {
    name: 'models reprice',
    summary: 'Price past calls anew, after a price was corrected',
    needs: ['models.write'],
    define: (command) =>
      command
        .requiredOption('--from <time>', 'calls since then: a date, or a time in ISO 8601')
        .option('--to <time>', 'and before then; not given: now')
        .option('--model <name>', 'calls of this Model only'),
    run: reprice,
  },
]

/** A date alone is its first moment in UTC; what is no time goes on as it is, for the server to refuse. */
export function momentOf(text: string | undefined): string | undefined {
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
}

async function prices(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const name = call.arg(0)
  const items = await call.pages((paging) =>
    client.models.prices({ ...paging, ...(name === undefined ? {} : { name }) }),
  )
  await call.rows(items, modelColumns, 'No Model.')
  return 'ok'
}

const modelColumns: Record<string, (one: PricedModel) => string> = {
  model: ({ name }) => name,
  upstream: ({ provider, upstreamModel }) => `${provider}/${upstreamModel}`,
  ...priceColumns<PricedModel>(({ price }) => price),
  from: originText,
}

function originText({ from, since, entry, noSuchEntry }: PricedModel): string {
  const words = {
    model: 'its own price',
    dated: `its own since ${since}`,
    catalogue: `${entry?.id} of ${since}`,
    unknown: 'nobody: give it a price',
  }[from]
  return noSuchEntry ? `${words}; the catalogue has no such entry` : words
}

async function catalogue(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  let date = ''
  const items = await call.pages(async (paging) => {
    const page = await client.models.catalogue({ ...paging, search: call.list(0).join(' ') })
    date = `Prices of ${page.catalogue.date}, from ${page.catalogue.source}.`
    return page
  })
  await call.rows(items, entryColumns, 'The catalogue has no such entry.')
  call.note(date)
  return 'ok'
}

const entryColumns: Record<string, (one: CatalogueEntry) => string> = {
  entry: ({ id }) => id,
  kind: ({ kind }) => kind,
  ...priceColumns<CatalogueEntry>(({ price }) => price),
  'output at most': ({ maxOutputTokens }) => (maxOutputTokens === null ? '' : `${maxOutputTokens}`),
  supports: ({ supports }) => supports.join(' '),
}

/** US dollars per million tokens. */
function priceColumns<T>(of: (one: T) => ModelPrice | null): Record<string, (one: T) => string> {
  const dollars = (value: number | null | undefined) => (value == null ? '?' : `$${value}`)
  const hourly = (price: ModelPrice | null) =>
    price?.perGpuHour != null && price.input === null
      ? `$${price.perGpuHour} per GPU hour${price.gpus ? ` x ${price.gpus}` : ''}`
      : undefined
  return {
    'in $/M': (one) => hourly(of(one)) ?? dollars(of(one)?.input),
    'cached $/M': (one) => dollars(of(one)?.cachedInput ?? of(one)?.input),
    'out $/M': (one) => dollars(of(one)?.output),
  }
}

async function reprice(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const [to, model] = [momentOf(call.option('to')), call.option('model')]
  const job = await client.models.reprice({
    from: momentOf(call.option('from')) ?? '',
    ...(to === undefined ? {} : { to }),
    ...(model === undefined ? {} : { model }),
  })
  await call.data(job)
  await call.say(`Calls are priced anew by job ${job.id}.`)
  call.note(`Wait for it: plinth jobs watch ${job.id}`)
  return 'ok'
}
