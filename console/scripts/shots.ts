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
  const items = async (path: string): Promise<Item[]> => {
    const response = await api.get(`/api/v1${path}`)
    return response.ok() ? (((await response.json()) as { items: Item[] }).items ?? []) : []
  }
  const conversation = await citedConversation(api, await items('/conversations?limit=20'))
  const documents = await items('/documents?state=ready&limit=200')
  const pdf = documents.find(({ mediaType }) => mediaType === 'application/pdf')
  const other = documents.find(({ mediaType }) => mediaType !== 'application/pdf')
  const base = (await items('/knowledge-bases'))[0]?.name
  const trace = (await items('/traces?kind=answer&limit=1'))[0]?.id
  const assistant = (await items('/resources?kind=Assistant&limit=1'))[0]?.name
  const editor = '[aria-label="YAML"]'
  const shots: (Shot | false | undefined)[] = [
    { name: 'sign-in', path: '/sign-in' },
    {
      name: 'ask-empty',
      path: '/ask',
      act: async (page) => {
        await page.getByRole('list', { name: 'Suggestions' }).waitFor({ timeout: 5_000 })
      },
    },
    conversation !== undefined && {
      name: 'ask',
      path: `/ask/${conversation.id}`,
      ready: 'article',
    },
    conversation !== undefined && {
      name: 'ask-source',
      path: `/ask/${conversation.id}?cite=${conversation.cite}`,
      ready: 'canvas, mark.evidence',
    },
    { name: 'knowledge', path: '/knowledge' },
    { name: 'documents', path: `/knowledge/${base}`, ready: '[role=gridcell]' },
    { name: 'sources', path: `/knowledge/${base}/sources` },
    {
      name: 'search-bench',
      path: `/knowledge/${base}/search?q=water+damage`,
      ready: '[data-hit]',
    },
    other && {
      name: 'document-text',
      path: `/documents/${other.id}?view=text`,
      ready: '[data-index]',
    },
    pdf && {
      name: 'document-original',
      path: `/documents/${pdf.id}?view=original`,
      ready: 'canvas',
    },
    other && { name: 'document-chunks', path: `/documents/${other.id}?view=chunks` },
    other && { name: 'document-access', path: `/documents/${other.id}?view=access` },
    { name: 'activity', path: '/activity', ready: '[role=gridcell]' },
    trace !== undefined && { name: 'trace', path: `/activity/${trace}`, ready: '[data-span]' },
    { name: 'audit', path: '/audit', ready: '[role=gridcell]' },
    { name: 'audit-verify', path: '/audit/verify' },
    { name: 'resources', path: '/resources', ready: '[role=gridcell]' },
    assistant !== undefined && {
      name: 'resource',
      path: `/resources/Assistant/${assistant}`,
      ready: editor,
    },
    assistant !== undefined && {
      name: 'resource-history',
      path: `/resources/Assistant/${assistant}?view=history`,
    },
    { name: 'resource-new', path: '/resources/new?kind=Assistant', ready: editor },
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
        await page.locator('h1').waitFor()
        await page.keyboard.press('?')
        await page.getByRole('dialog').waitFor()
      },
    },
  ]
  return shots.filter((shot) => shot !== false && shot !== undefined)
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
