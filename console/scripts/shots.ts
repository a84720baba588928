import type { APIRequestContext, Page } from 'playwright-core'

export interface Shot {
  name: string
  path: string
  /** What must be there before the picture is taken; `h1` where nothing is said. */
  ready?: string
  act?: (page: Page) => Promise<void>
  /** The page is about an error, which the browser logs too. */
  expectsErrors?: boolean
}

type Item = Record<string, unknown>

/** Every page, opened on what this server holds. Pages whose object does not exist are left out. */
export async function shotsOf(api: APIRequestContext): Promise<Shot[]> {
  return [
    { name: 'sign-in', path: '/sign-in' },
    ...(await askShots(api)),
    ...(await knowledgeShots(api)),
    ...(await activityShots(api)),
    ...(await resourceShots(api)),
    ...(await modelShots(api)),
    { name: 'people', path: '/people', ready: '[role=gridcell]' },
    { name: 'groups', path: '/people/groups' },
    { name: 'roles', path: '/people/roles' },
    { name: 'keys', path: '/people/keys' },
    { name: 'not-found', path: '/nowhere', expectsErrors: true },
    {
      name: 'palette',
      path: '/ask',
      act: async (page) => {
        await page.keyboard.press('Control+k')
        await page.getByRole('combobox').waitFor()
      },
    },
    {
      name: 'keys-help',
      path: '/knowledge',
      act: async (page) => {
        await page.keyboard.press('?')
        await page.getByRole('dialog').waitFor()
      },
    },
  ]
}

async function modelShots(api: APIRequestContext): Promise<Shot[]> {
  const [call] = await itemsOf(api, '/calls?limit=1')
  return [
    { name: 'usage', path: '/models/usage', ready: 'canvas, main p' },
    { name: 'calls', path: '/models/calls', ready: '[role=gridcell], main p' },
    ...(call ? [{ name: 'call', path: `/models/calls/${call.id}`, ready: 'h2' }] : []),
    { name: 'budgets', path: '/models/budgets', ready: '[role=meter], main p' },
  ]
}

async function itemsOf(api: APIRequestContext, path: string): Promise<Item[]> {
  const response = await api.get(`/api/v1${path}`)
  return response.ok() ? (((await response.json()) as { items?: Item[] }).items ?? []) : []
}

async function askShots(api: APIRequestContext): Promise<Shot[]> {
  const empty: Shot = {
    name: 'ask-empty',
    path: '/ask',
    act: async (page) => {
      await page.getByRole('list', { name: 'Suggestions' }).waitFor({ timeout: 5_000 })
    },
  }
  const list = await itemsOf(api, '/conversations?limit=20')
  const conversation = (await citedConversation(api, list)) ?? (await askSuggestion(api))
  if (!conversation) return [empty]
  const path = `/ask/${conversation.id}`
  return [
    empty,
    { name: 'ask', path, ready: 'article' },
    {
      name: 'ask-source',
      path: `${path}?cite=${conversation.cite}`,
      ready: 'canvas, mark.evidence',
    },
  ]
}

async function knowledgeShots(api: APIRequestContext): Promise<Shot[]> {
  const documents = await itemsOf(api, '/documents?state=ready&limit=200')
  const pdf = documents.find(({ mediaType }) => mediaType === 'application/pdf')
  const other = documents.find(({ mediaType }) => mediaType !== 'application/pdf')
  const base = `/knowledge/${(await itemsOf(api, '/knowledge-bases'))[0]?.name}`
  const shots: Shot[] = [
    { name: 'knowledge', path: '/knowledge' },
    { name: 'documents', path: base, ready: '[role=gridcell]' },
    { name: 'sources', path: `${base}/sources` },
    { name: 'search-bench', path: `${base}/search?q=water+damage`, ready: '[data-hit]' },
  ]
  if (other) {
    const path = `/documents/${other.id}?view=`
    shots.push({ name: 'document-text', path: `${path}text`, ready: '[data-index]' })
    shots.push({ name: 'document-chunks', path: `${path}chunks` })
    shots.push({ name: 'document-access', path: `${path}access` })
  }
  const original = { name: 'document-original', ready: 'canvas' }
  if (pdf) shots.push({ ...original, path: `/documents/${pdf.id}?view=original` })
  return shots
}

async function activityShots(api: APIRequestContext): Promise<Shot[]> {
  const trace = (await itemsOf(api, '/traces?kind=answer&limit=1'))[0]?.id
  const shots: Shot[] = [
    { name: 'activity', path: '/activity', ready: '[role=gridcell]' },
    { name: 'audit', path: '/audit', ready: '[role=gridcell]' },
    { name: 'audit-verify', path: '/audit/verify' },
  ]
  if (trace) shots.push({ name: 'trace', path: `/activity/${trace}`, ready: '[data-span]' })
  return shots
}

async function resourceShots(api: APIRequestContext): Promise<Shot[]> {
  const assistant = (await itemsOf(api, '/resources?kind=Assistant&limit=1'))[0]?.name
  const ready = '[aria-label="YAML"]'
  const shots: Shot[] = [
    { name: 'resources', path: '/resources', ready: '[role=gridcell]' },
    { name: 'resource-new', path: '/resources/new?kind=Assistant', ready },
  ]
  if (assistant) {
    const path = `/resources/Assistant/${assistant}`
    shots.push({ name: 'resource', path, ready })
    shots.push({ name: 'resource-history', path: `${path}?view=history` })
  }
  return shots
}

/** Where nothing has been asked yet: the first suggestion of the first assistant. */
async function askSuggestion(api: APIRequestContext) {
  const [assistant] = await itemsOf(api, '/assistants')
  const [question] = (assistant?.suggestions ?? []) as string[]
  const headers = { 'x-plinth-csrf': '1' }
  const data = { question, assistant: assistant?.name }
  const response = await api.post('/api/v1/ask', { headers, data })
  if (!response.ok()) return undefined
  const { conversationId } = (await response.json()) as { conversationId: string }
  return citedConversation(api, [{ id: conversationId }])
}

/** A conversation whose last answer cites something: that is what the pictures are about. */
async function citedConversation(api: APIRequestContext, list: Item[]) {
  for (const { id } of list) {
    const response = await api.get(`/api/v1/conversations/${id}`)
    if (!response.ok()) continue
    const { messages } = (await response.json()) as {
      messages: { citations: { number: number }[] }[]
    }
    const cite = messages.at(-1)?.citations[0]?.number
    if (cite !== undefined) return { id, cite }
  }
  return undefined
}
