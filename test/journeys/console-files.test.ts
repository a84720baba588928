import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'

describe('the files of the console', () => {
  let house: OpenHouse
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plinth-console-'))
    await build('first')
    await writeFile(join(folder, '..', `beside-${process.pid}.txt`), 'Not for anybody.')
    house = await openHouse({ consoleDir: join(folder, 'dist') })
  })
  afterAll(async () => {
    await house?.close()
    await rm(folder, { recursive: true, force: true })
    await rm(join(folder, '..', `beside-${process.pid}.txt`), { force: true })
  })

  /** What a build leaves: a page, and files whose names carry the digest of their content. */
  async function build(name: string): Promise<void> {
    const dist = join(folder, 'dist')
    await rm(dist, { recursive: true, force: true })
    await mkdir(join(dist, 'assets'), { recursive: true })
    await writeFile(join(dist, 'assets', `main-${name}.js`), `console.log('${name}')`)
    await writeFile(join(dist, 'index.html'), `<script src="/assets/main-${name}.js"></script>`)
  }
  const get = async (path: string, accept = '*/*') => {
    const answer = await fetch(`${house.url}${path}`, { headers: { accept } })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  }
  const page = (path: string) => get(path, 'text/html')

  it('are those of the newest build, also one that was made while the server runs [M40.console-files]', async () => {
    for (const name of ['first', 'second', 'third']) {
      await build(name)
      for (const path of ['/', '/sign-in', '/knowledge/bases/a.b']) {
        expect((await page(path)).text).toContain(`/assets/main-${name}.js`)
      }
      const script = await get(`/assets/main-${name}.js`)
      expect([script.status, script.text]).toEqual([200, `console.log('${name}')`])
      expect(script.headers.get('cache-control')).toContain('immutable')
    }
    const gone = await get('/assets/main-first.js')
    expect([gone.status, JSON.parse(gone.text).code]).toEqual([404, 'NOT_FOUND'])
    expect(gone.headers.get('cache-control')).toBe('no-store')
  })

  it('are absent while the console is being built, and the rest of the server is not [M40.console-files]', async () => {
    await rm(join(folder, 'dist'), { recursive: true })
    expect((await page('/')).status).toBe(404)
    expect((await get('/api/v1/health')).status).toBe(200)
    await build('fourth')
    expect((await page('/')).status).toBe(200)
  })

  it('are nothing but those of its folder [M40.console-files]', async () => {
    const outside = `beside-${process.pid}.txt`
    for (const path of [
      `/../../${outside}`,
      `/%2e%2e/%2e%2e/${outside}`,
      `/..%2f..%2f${outside}`,
      `/assets/..%5c..%5c..%5c${outside}`,
      '/assets/',
      '/assets',
      '/%00',
      '/assets/main-fourth.js%00.html',
    ]) {
      const answer = await get(path)
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true])
      expect(answer.text).not.toContain('Not for anybody')
      expect(JSON.parse(answer.text)).toMatchObject({ code: expect.any(String) })
    }
    expect((await page('/api/v1/nothing')).status).toBe(404)
    expect((await get('/v1/nothing')).status).toBe(404)
  })
})
