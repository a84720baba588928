import type { Check, DoctorDeps } from '../check.ts'
import { warning } from '../check.ts'
import { Findings } from '../findings.ts'

const page = 1_000
const remedy = 'Read the source again with its model: plinth ingest SOURCE.'

/** Vectors: whole, finite, of one length per model; and how many passages lack one where a model is in use. */
export async function checkVectors(
  deps: DoctorDeps,
  organizationId: string,
  signal?: AbortSignal,
): Promise<Check[]> {
  const damage = new Findings('vectors', remedy)
  const lengths = new Map<string, number>()
  for (let after = { chunk: 0, model: '' }; ; ) {
    signal?.throwIfAborted()
    const rows = await pageOf(deps, organizationId, after)
    for (const row of rows) {
      damage.looked++
      const length = lengths.get(row.model) ?? row.vector.byteLength
      lengths.set(row.model, length)
      const wrong = wrongWith(row.vector, length)
      if (wrong) damage.add(`the vector of passage ${row.chunk_id} by ${row.model} ${wrong}`)
      if (row.knowledge_base !== row.chunk_base) {
        damage.add(`the vector of passage ${row.chunk_id} by ${row.model} is in another base`)
      }
    }
    const last = rows.at(-1)
    if (rows.length < page || !last) break
    after = { chunk: last.chunk_id, model: last.model }
  }
  const missing = await missingVectors(deps, organizationId)
  const checks = [damage.check('vectors, each whole')]
  if (missing.length > 0) {
    const how = 'The server fills them in after its start; or read the source again.'
    checks.push(warning('vectors to come', missing.join('; '), how))
  }
  return checks
}

function wrongWith(vector: Uint8Array, length: number): string | undefined {
  if (vector.byteLength === 0 || vector.byteLength % 4 !== 0) return 'is not made of floats'
  if (vector.byteLength !== length) {
    return `has ${vector.byteLength / 4} dimensions, others have ${length / 4}`
  }
  const floats = new Float32Array(new Uint8Array(vector).buffer)
  let square = 0
  for (const x of floats) square += x * x
  if (!Number.isFinite(square)) return 'holds no numbers'
  return Math.abs(Math.sqrt(square) - 1) > 0.01 ? 'is not of unit length' : undefined
}

function pageOf(
  { store }: DoctorDeps,
  organizationId: string,
  after: { chunk: number; model: string },
) {
  return store.read(organizationId, (db) =>
    db
      .selectFrom('embedding as e')
      .innerJoin('chunk as c', 'c.id', 'e.chunk_id')
      .select(['e.chunk_id', 'e.model', 'e.vector', 'e.knowledge_base'])
      .select('c.knowledge_base as chunk_base')
      .where((eb) =>
        eb.or([
          eb('e.chunk_id', '>', after.chunk),
          eb.and([eb('e.chunk_id', '=', after.chunk), eb('e.model', '>', after.model)]),
        ]),
      )
      .orderBy('e.chunk_id')
      .orderBy('e.model')
      .limit(page)
      .execute(),
  )
}

/** Passages without a vector, by base and model that has some there. */
async function missingVectors({ store }: DoctorDeps, organizationId: string): Promise<string[]> {
  return store.within(organizationId, async (tx) => {
    const chunks = await tx
      .selectFrom('chunk')
      .select(['knowledge_base', (eb) => eb.fn.countAll<number>().as('n')])
      .groupBy('knowledge_base')
      .execute()
    const total = new Map(chunks.map((row) => [row.knowledge_base, Number(row.n)]))
    const vectors = await tx
      .selectFrom('embedding')
      .select(['knowledge_base', 'model', (eb) => eb.fn.countAll<number>().as('n')])
      .groupBy(['knowledge_base', 'model'])
      .orderBy('knowledge_base')
      .execute()
    return vectors
      .filter((row) => Number(row.n) < (total.get(row.knowledge_base) ?? 0))
      .map((row) => {
        const all = total.get(row.knowledge_base) ?? 0
        return `${all - Number(row.n)} of ${all} passages of ${row.knowledge_base} lack one by ${row.model}`
      })
  })
}
