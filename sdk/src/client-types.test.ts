import { describe, expectTypeOf, it } from 'vitest'
import type { Plinth } from './client.ts'
import type { Operations } from './types.ts'

/** The method of the client for each operation that answers with JSON. */
interface Answering {
  'POST /session': Plinth['session']['signIn']
  'DELETE /session': Plinth['session']['signOut']
  'GET /me': Plinth['session']['me']
  'PUT /me/password': Plinth['session']['setPassword']
  'GET /status': Plinth['system']['status']
  'GET /health': Plinth['system']['health']
  'GET /doctor': Plinth['system']['doctor']
  'GET /openapi.json': Plinth['system']['openapi']
  'GET /schemas/{kind}': Plinth['system']['schema']
  'GET /assistants': Plinth['answers']['assistants']
  'POST /ask': Plinth['answers']['ask']
  'POST /feedback': Plinth['answers']['feedback']
  'GET /conversations': Plinth['conversations']['list']
  'GET /conversations/{id}': Plinth['conversations']['get']
  'PATCH /conversations/{id}': Plinth['conversations']['rename']
  'DELETE /conversations/{id}': Plinth['conversations']['remove']
  'GET /knowledge-bases': Plinth['knowledge']['bases']
  'GET /knowledge-bases/{name}': Plinth['knowledge']['base']
  'GET /sources': Plinth['knowledge']['sources']
  'POST /sources/{name}/sync': Plinth['knowledge']['sync']
  'POST /search': Plinth['knowledge']['search']
  'GET /documents': Plinth['documents']['list']
  'POST /documents': Plinth['documents']['addText']
  'GET /documents/{id}': Plinth['documents']['get']
  'DELETE /documents/{id}': Plinth['documents']['remove']
  'GET /documents/{id}/text': Plinth['documents']['text']
  'GET /documents/{id}/chunks': Plinth['documents']['chunks']
  'GET /documents/{id}/versions': Plinth['documents']['versions']
  'PUT /documents/{id}/readers': Plinth['documents']['setReaders']
  'POST /documents/{id}/unmask': Plinth['documents']['unmask']
  'PUT /uploads/{id}': Plinth['documents']['upload']
  'GET /jobs': Plinth['jobs']['list']
  'GET /jobs/{id}': Plinth['jobs']['get']
  'POST /jobs/{id}/cancel': Plinth['jobs']['cancel']
  'POST /jobs/{id}/retry': Plinth['jobs']['retry']
  'POST /documents/{id}/retry': Plinth['documents']['retry']
  'GET /traces': Plinth['traces']['list']
  'GET /traces/{id}': Plinth['traces']['get']
  'GET /calls': Plinth['usage']['calls']
  'GET /calls/{id}': Plinth['usage']['call']
  'GET /usage': Plinth['usage']['sums']
  'GET /budgets': Plinth['usage']['budgets']
  'GET /comparisons': Plinth['models']['comparisons']
  'POST /comparisons': Plinth['models']['compare']
  'GET /comparisons/{id}': Plinth['models']['comparison']
  'GET /promotions': Plinth['models']['promotions']
  'POST /promotions': Plinth['models']['promote']
  'POST /promotions/{id}/decide': Plinth['models']['decide']
  'PUT /models/approvers': Plinth['models']['setApprovers']
  'GET /models/{name}/uses': Plinth['models']['uses']
  'GET /models/prices': Plinth['models']['prices']
  'GET /models/catalogue': Plinth['models']['catalogue']
  'POST /calls/reprice': Plinth['models']['reprice']
  'GET /caches': Plinth['usage']['caches']
  'POST /caches/purge': Plinth['usage']['purgeCaches']
  'GET /audit': Plinth['audit']['list']
  'GET /audit/actors': Plinth['audit']['actors']
  'GET /audit/{seq}': Plinth['audit']['get']
  'GET /audit/state': Plinth['audit']['state']
  'GET /resources': Plinth['resources']['list']
  'POST /resources': Plinth['resources']['apply']
  'POST /routes/{name}/explain': Plinth['resources']['explainRoute']
  'GET /resources/{kind}/{name}': Plinth['resources']['get']
  'DELETE /resources/{kind}/{name}': Plinth['resources']['remove']
  'GET /resources/{kind}/{name}/history': Plinth['resources']['history']
  'GET /resources/{kind}/{name}/diff': Plinth['resources']['diff']
  'POST /resources/{kind}/{name}/rollback': Plinth['resources']['rollback']
  'PUT /resources/{kind}/{name}/labels/{label}': Plinth['resources']['setLabel']
  'DELETE /resources/{kind}/{name}/labels/{label}': Plinth['resources']['removeLabel']
  'GET /users': Plinth['people']['users']
  'POST /users': Plinth['people']['invite']
  'PATCH /users/{id}': Plinth['people']['change']
  'POST /users/{id}/sign-in-link': Plinth['people']['signInLink']
  'GET /groups': Plinth['people']['groups']
  'POST /groups': Plinth['people']['createGroup']
  'DELETE /groups/{name}': Plinth['people']['removeGroup']
  'GET /keys': Plinth['keys']['list']
  'POST /keys': Plinth['keys']['create']
  'DELETE /keys/{id}': Plinth['keys']['revoke']
}

/** Steps of `documents.upload`, which sends a file over all of them. */
type OfUpload = 'POST /uploads' | 'GET /uploads/{id}'

/** The type checker names what is left over. */
type None<T extends never> = T
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type WithAnswer = {
  [K in keyof Operations]: Operations[K] extends { answer: unknown } ? K : never
}[keyof Operations]
type Wrong = {
  [K in keyof Answering]: K extends WithAnswer
    ? Same<Awaited<ReturnType<Answering[K]>>, Operations[K]['answer']> extends true
      ? never
      : K
    : K
}[keyof Answering]

/** Methods whose first parameter is the body. */
type WithBody = Exclude<
  { [K in keyof Answering]: Operations[K] extends { body: unknown } ? K : never }[keyof Answering],
  `${string}{${string}`
>
type Refused = {
  [K in WithBody]: Parameters<Answering[K]>[0] extends Operations[K]['body'] ? never : K
}[WithBody]

/** Methods whose first parameter is the query. */
type Listing = Exclude<
  { [K in keyof Answering]: Operations[K] extends { query: unknown } ? K : never }[keyof Answering],
  `${string}{${string}`
>
type Unasked = {
  [K in Listing]: NonNullable<Parameters<Answering[K]>[0]> extends Operations[K]['query']
    ? never
    : K
}[Listing]

// Proven by `npm run typecheck`; at run time nothing is left of it.
describe('the client', () => {
  it('gives what the operations give, and takes what they take [M40.sdk-types]', () => {
    expectTypeOf<None<Wrong>>().toBeNever()
    expectTypeOf<None<Refused>>().toBeNever()
    expectTypeOf<None<Unasked>>().toBeNever()
  })

  it('has a method for every operation that answers with JSON [M40.sdk-types]', () => {
    expectTypeOf<None<Exclude<WithAnswer, keyof Answering | OfUpload>>>().toBeNever()
  })
})
