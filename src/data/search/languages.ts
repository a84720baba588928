import type { Store } from '#store'
import { type Language, languages } from '../language.ts'

const maxBases = 10_000

/** Which languages a base's documents are in, so that a question is read in each of them; read again when the base changed. */
export class BaseLanguages {
  readonly #store: Store
  readonly #known = new Map<string, { epoch: number; languages: Language[] }>()

  constructor(store: Store) {
    this.#store = store
  }

  async of(organizationId: string, knowledgeBase: string, epoch: number): Promise<Language[]> {
    const key = `${organizationId}/${knowledgeBase}`
    const known = this.#known.get(key)
    if (known && known.epoch >= epoch) return known.languages
    const rows = await this.#store.read(organizationId, (tx) =>
      tx
        .selectFrom('document as d')
        .innerJoin('document_version as v', 'v.id', 'd.version_id')
        .select('v.language')
        .distinct()
        .where('d.knowledge_base', '=', knowledgeBase)
        .where('d.deleted_at', 'is', null)
        .execute(),
    )
    const found = rows.map((row) => row.language).filter((l): l is Language => l in languages)
    if (this.#known.size >= maxBases) this.#known.clear()
    this.#known.set(key, { epoch, languages: found.length > 0 ? found : ['en'] })
    return found.length > 0 ? found : ['en']
  }
}
