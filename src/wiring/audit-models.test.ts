import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '#config'
import type { OutboundClient } from '#ports'
import { type OpenHouse, openHouse } from '../../test/open-house.ts'
import { noteModels, notePull } from './audit-models.ts'
import { defaultModel, tryDefaultModel } from './embedders.ts'

describe('local models in the audit log', () => {
  let house: OpenHouse
  beforeAll(async () => {
    house = await openHouse({
      env: { PLINTH_EMBEDDER: 'auto', PLINTH_MODELS_DIR: '../shared/models' },
    })
  })
  afterAll(() => house?.close())

  const events = async () =>
    (await house.owner.call('GET', '/api/v1/audit?kind=model.pulled')).body.items

  it('stand there once per content, however often a server starts [M28.models]', async () => {
    await expect.poll(async () => (await events()).length).toBe(2)
    for (const one of await events()) {
      expect(one).toMatchObject({ actor: 'system', outcome: 'done' })
      expect(one.target).toMatch(/^model:(all-minilm-l6-v2|multilingual-e5-small)@[0-9a-f]{12}$/)
    }
    await noteModels(house.house.foundation, house.house.embedders)
    expect(await events()).toHaveLength(2)
  })

  it('are announced before the hub is asked [M28.models]', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'plinth-pull-'))
    const seen: string[] = []
    const asked = () => {
      seen.push('asked')
      throw new Error('no way out')
    }
    try {
      const env = { PLINTH_DATA_DIR: dataDir, PLINTH_MODELS_DIR: join(dataDir, 'models') }
      const came = await tryDefaultModel(readConfig(env), {
        outbound: { request: asked } satisfies OutboundClient,
        signal: new AbortController().signal,
        announce: async () => {
          await notePull(house.house.foundation, defaultModel)
          seen.push('announced')
        },
      })
      expect(came).toBe(false)
      expect(seen.slice(0, 2)).toEqual(['announced', 'asked'])
      expect((await events())[0]).toMatchObject({
        outcome: 'intended',
        target: `model:${defaultModel}`,
      })
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})
