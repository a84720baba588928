import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutboundRequest } from '#ports'
import { type ClosableOutbound, createOutboundClient, isPublicAddress } from './index.ts'

let server: Server
let base = ''
let port = 0
let respond: (request: IncomingMessage, response: ServerResponse) => void
let gone = 0
let open = 0
const sockets = new Set<unknown>()
let allowed: ClosableOutbound

beforeAll(async () => {
  server = createServer((request, response) => {
    sockets.add(request.socket)
    open++
    response.on('close', () => {
      open--
      if (!response.writableFinished) gone++
    })
    respond(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = (server.address() as AddressInfo).port
  base = `http://127.0.0.1:${port}`
  allowed = createOutboundClient({
    allowPrivate: [`127.0.0.1:${port}`, `name.test:${port}`],
    resolve: loopback,
  })
})
afterAll(async () => {
  await allowed.close()
  server.closeAllConnections()
  server.close()
})

const loopback = async () => [{ address: '127.0.0.1', family: 4 }]
const request = (more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  method: 'GET',
  url: base,
  headers: { authorization: 'Bearer sk-secret' },
  timeouts: { totalMs: 60_000, firstByteMs: 60_000, idleMs: 60_000 },
  maxBytes: 1_000_000,
  ...more,
})
async function read(client: ClosableOutbound, asked: OutboundRequest): Promise<string> {
  const { body } = await client.request(asked)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('the outbound client', () => {
  it('knows which addresses are public [M8.ssrf-addresses]', () => {
    const inside = [
      '127.0.0.1',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.100.100.200',
      '0.0.0.0',
      '168.63.129.16',
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      '::',
      'fe80::1',
      'fe80::1%eth0',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '2001:db8::1',
      'not-an-ip',
    ]
    for (const address of inside)
      expect([address, isPublicAddress(address)]).toEqual([address, false])
    for (const address of [
      '8.8.8.8',
      '1.1.1.1',
      '172.32.0.1',
      '2606:4700::1111',
      '::ffff:8.8.8.8',
    ]) {
      expect([address, isPublicAddress(address)]).toEqual([address, true])
    }
  })

  it('refuses private addresses however they are written, and names that lead to them [M8.ssrf]', async () => {
    const strict = createOutboundClient({ resolve: loopback })
    respond = (_, response) => response.end('inside')
    const urls = [
      base,
      `http://localhost:${port}`,
      `http://name.test:${port}`,
      `http://0x7f.1:${port}`,
      `http://2130706433:${port}`,
      `http://[::ffff:127.0.0.1]:${port}`,
      'http://169.254.169.254/latest/meta-data',
    ]
    for (const url of urls) {
      await expect(read(strict, request({ url }))).rejects.toMatchObject({
        code: 'UPSTREAM_BLOCKED',
      })
    }
    for (const url of [
      'file:///etc/passwd',
      'gopher://x',
      'nonsense',
      'http://user:pw@name.test',
    ]) {
      await expect(read(strict, request({ url }))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    await strict.close()
  })

  it('checks the address of every new connection, so that a name cannot change its mind [M8.ssrf-rebinding]', async () => {
    const answers = ['93.184.216.34', '127.0.0.1']
    let asked = 0
    const rebinding = createOutboundClient({
      resolve: async () => [{ address: answers[Math.min(asked++, 1)]!, family: 4 }],
      connectMs: 150,
    })
    const url = `http://rebind.test:${port}`
    await expect(read(rebinding, request({ url }))).rejects.toMatchObject({
      code: expect.stringMatching(/UPSTREAM_(TIMEOUT|FAILED)/),
    })
    await expect(read(rebinding, request({ url }))).rejects.toMatchObject({
      code: 'UPSTREAM_BLOCKED',
    })
    await rebinding.close()
  })

  it('reaches what is allowed, keeps the connection, follows no redirect [M15.outbound]', async () => {
    respond = (asked, response) => {
      if (asked.url === '/r') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
      else response.end(`${asked.method} ${asked.url} ${asked.headers.authorization}`)
    }
    sockets.clear()
    for (let i = 0; i < 6; i++) {
      expect(await read(allowed, request({ url: `${base}/a?b=1` }))).toBe(
        'GET /a?b=1 Bearer sk-secret',
      )
    }
    expect(sockets.size).toBeLessThanOrEqual(2)
    expect(await read(allowed, request({ url: `http://name.test:${port}/n` }))).toContain('/n')
    const { status, headers, body } = await allowed.request(request({ url: `${base}/r` }))
    for await (const _ of body) expect(_).toBeDefined()
    expect([status, headers.location]).toEqual([302, 'http://169.254.169.254/'])
  })

  it('ends what hangs before the first byte, between bytes and altogether, and cancels it [M36.timeouts]', async () => {
    const patient = { totalMs: 60_000, firstByteMs: 60_000, idleMs: 60_000 }
    const timeouts = { ...patient, firstByteMs: 60 }
    respond = () => {}
    await expect(read(allowed, request({ timeouts }))).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      message: expect.stringContaining('sent nothing within 60 ms'),
    })
    respond = (_, response) => response.flushHeaders()
    await expect(read(allowed, request({ timeouts }))).rejects.toMatchObject({
      message: expect.stringContaining('sent nothing'),
    })
    respond = (_, response) => response.write('x')
    await expect(
      read(allowed, request({ timeouts: { ...patient, idleMs: 60 } })),
    ).rejects.toMatchObject({
      message: expect.stringContaining('fell silent'),
    })
    respond = (_, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    }
    const drip = { ...patient, totalMs: 300 }
    await expect(read(allowed, request({ timeouts: drip }))).rejects.toMatchObject({
      message: expect.stringContaining('did not finish'),
    })
  })

  it('waits for a connection as long as it is told, and not again for what has one [M36.timeouts]', async () => {
    respond = (_, response) => setTimeout(() => response.end('late but there'), 400)
    // The name never resolves: there is no connection to wait on.
    const stuck = createOutboundClient({
      allowPrivate: [`127.0.0.1:${port}`, `slow.test:${port}`],
      resolve: () => new Promise(() => {}),
    })
    const timeouts = { totalMs: 9_000, firstByteMs: 8_000, idleMs: 8_000, connectMs: 200 }
    const unreachable = request({ url: `http://slow.test:${port}`, timeouts })
    const expected = {
      code: 'UPSTREAM_TIMEOUT',
      message: `slow.test:${port} could not be connected to within 200 ms.`,
    }
    await expect(read(stuck, unreachable)).rejects.toMatchObject(expected)
    const said = new Promise<unknown>((error) => {
      const target = { origin: `http://slow.test:${port}`, path: '/' }
      const nothing = () => true
      stuck.dispatch(target, unreachable, { head: nothing, data: nothing, end: nothing, error })
    })
    expect(await said).toMatchObject(expected)
    // Whoever answers late was connected to in time.
    expect(await read(stuck, request({ timeouts }))).toBe('late but there')
    const answer = new Promise<string>((done) => {
      let text = ''
      stuck.dispatch({ origin: base, path: '/' }, request({ timeouts }), {
        head: () => undefined,
        data: (bytes) => {
          text += bytes
          return true
        },
        end: () => done(text),
        error: (error) => done(error.message),
      })
    })
    expect(await answer).toBe('late but there')
    await stuck.close()
  })

  it('reads on after the first bytes, when what was awaited came while nothing was read [M15.outbound-resume]', async () => {
    respond = (_, response) => {
      response.write('first ')
      setTimeout(() => response.end('last'), 20)
    }
    const answer = new Promise<string>((done) => {
      let text = ''
      const held = {
        ...request({ timeouts: { ...request().timeouts, idleMs: 2_000 } }),
        held: true,
      }
      const exchange = allowed.dispatch({ origin: base, path: '/' }, held, {
        head: () => undefined,
        data: (bytes) => {
          queueMicrotask(() => {
            text += bytes
            exchange.release()
            exchange.resume()
          })
          return false
        },
        end: () => queueMicrotask(() => done(text)),
        error: (error) => done(error.message),
      })
    })
    expect(await answer).toBe('first last')
  })

  it('reads a long chunk piece by piece, while its reader takes a moment for each [M15.outbound-resume]', async () => {
    // One chunk of HTTP that comes in many reads: the parser ends each in the middle of it.
    respond = (_, response) => response.end(Buffer.alloc(900_000, 'x'))
    const answer = new Promise<number | string>((done) => {
      let length = 0
      const exchange = allowed.dispatch({ origin: base, path: '/' }, request(), {
        head: () => undefined,
        data: (bytes) => {
          length += bytes.length
          queueMicrotask(() => exchange.resume())
          return false
        },
        end: () => done(length),
        error: (error) => done(error.message),
      })
    })
    expect(await answer).toBe(900_000)
  })

  it('breaks off what is too large, and what its caller leaves [M15.outbound-cancel]', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 5)
      response.on('close', () => clearInterval(timer))
    }
    await expect.poll(() => open).toBe(0)
    gone = 0
    await expect(read(allowed, request({ maxBytes: 5_000 }))).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
    })
    const stop = new AbortController()
    const aborted = read(allowed, request({ signal: stop.signal }))
    setTimeout(() => stop.abort(), 30)
    await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' })
    const { body } = await allowed.request(request())
    for await (const _ of body) break
    await expect(read(allowed, request({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await expect.poll(() => gone).toBe(3)
  })

  it('reports a cut connection as failed and never tells the headers [M15.outbound-errors]', async () => {
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 20)
    }
    const cut = await read(allowed, request()).catch((error) => error)
    expect(cut).toMatchObject({ code: 'UPSTREAM_FAILED' })
    const refused = createOutboundClient({ allowPrivate: ['127.0.0.1'] })
    const error = await read(refused, request({ url: 'http://127.0.0.1:9' })).catch((e) => e)
    expect(error.message).toContain('ECONNREFUSED')
    expect(JSON.stringify([cut.message, error.message, error.remedy])).not.toContain('sk-secret')
    await refused.close()
  })

  it('reaches a private origin for the request that names it, and for no other [M15.outbound-provider]', async () => {
    respond = (_, response) => response.end('hello')
    const resolve = async (name: string) => [
      { address: name === 'rebound.test' ? '169.254.169.254' : '127.0.0.1', family: 4 },
    ]
    const client = createOutboundClient({ resolve })
    const blocked = (asked: OutboundRequest) =>
      expect(read(client, asked)).rejects.toMatchObject({ code: 'UPSTREAM_BLOCKED' })
    await blocked(request())
    expect(await read(client, request({ allowPrivate: [base] }))).toBe('hello')
    // The connection that stands open now is not for others.
    await blocked(request())
    await blocked(request({ allowPrivate: [`http://127.0.0.1:${port + 1}`] }))
    await blocked(request({ url: `http://name.test:${port}`, allowPrivate: [base] }))
    const named = `http://name.test:${port}`
    expect(await read(client, request({ url: named, allowPrivate: [named] }))).toBe('hello')
    // Written otherwise it is the same origin; a metadata service is nobody's provider.
    const decimal = `http://2130706433:${port}`
    expect(await read(client, request({ url: decimal, allowPrivate: [base] }))).toBe('hello')
    for (const origin of [
      'http://169.254.169.254',
      'http://[::ffff:a9fe:a9fe]',
      'http://[fe80::1]',
      'http://100.100.100.200',
      'http://rebound.test',
    ]) {
      await blocked(request({ url: origin, allowPrivate: [origin] }))
    }
    await client.close()
  })

  it('goes through a proxy, which is told no private name [M15.outbound-proxy]', async () => {
    const asked: string[] = []
    const proxy = createServer()
    proxy.on('connect', (through, socket) => {
      asked.push(through.url ?? '')
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const resolve = async (name: string) => [
      { address: name === 'public.test' ? '93.184.216.34' : '10.0.0.1', family: 4 },
    ]
    const client = createOutboundClient({ proxy: { url, noProxy: ['.direct.test'] }, resolve })
    await expect(read(client, request({ url: 'https://public.test/x' }))).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
    })
    for (const blocked of ['https://inside.test/', 'https://10.0.0.1/', 'https://a.direct.test/']) {
      await expect(read(client, request({ url: blocked }))).rejects.toMatchObject({
        code: 'UPSTREAM_BLOCKED',
      })
    }
    expect(asked).toEqual(['public.test:443'])
    await client.close()
    proxy.close()
  })
})
