import { countIndexedRows } from '#store'
import { type Check, type DoctorDeps, failed, type LoadedIndex, ok } from './check.ts'

/** Whether the indexes in memory hold what the rows say. One that is behind catches up with its next question. */
export async function checkIndexes(deps: DoctorDeps): Promise<Check> {
  const name = 'search indexes'
  if (!deps.indexes) return ok(name, 'loaded with the first question')
  const loaded = Object.entries(await deps.indexes())
  const wrong: string[] = []
  let same = 0
  let behind = 0
  for (const [indexName, index] of loaded) {
    const place = placeOf(indexName)
    if (!place || !deps.organizationIds.includes(place.organizationId)) continue
    const rows = await countIndexedRows(deps.store, place)
    if (rows === 'moved' || index.epoch < rows.epoch) behind++
    else if (index.epoch > rows.epoch) {
      wrong.push(`${place.base}: the index is at epoch ${index.epoch}, the rows at ${rows.epoch}`)
    } else if (index.chunks === rows.chunks && index.vectors === rows.vectors) same++
    else wrong.push(`${place.base}: ${difference(index, rows)}`)
  }
  if (wrong.length > 0) {
    const remedy = 'Restart the server: the indexes are built again from the rows.'
    return failed(name, wrong.join('; '), remedy)
  }
  const late = behind > 0 ? `, ${behind} catch up with the next question` : ''
  return ok(name, `${same} hold what the rows say${late}`)
}

function difference(index: LoadedIndex, rows: { chunks: number; vectors: number }): string {
  return `the index holds ${index.chunks} passages and ${index.vectors} vectors, the rows say ${rows.chunks} and ${rows.vectors}`
}

interface Place {
  organizationId: string
  base: string
  model: string | undefined
}

function placeOf(name: string): Place | undefined {
  const [organizationId, base, ...rest] = name.split('/')
  if (!organizationId || !base || rest.length === 0) return undefined
  const model = rest.join('/')
  return { organizationId, base, model: model === 'lexical' ? undefined : model }
}
