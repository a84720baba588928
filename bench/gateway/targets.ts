import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BenchError } from '../harness/options.ts'
import { BenchServer } from '../harness/server.ts'

/** Something that takes chat completions and hands them to the upstream. */
export interface Target {
  name: string
  url: string
  headers: Record<string, string>
  /** Process whose processor time and memory are its own; 0: none. */
  pid: number
  /** The name of the model there. */
  model: string
  stop(): Promise<void>
}

export const upstreamPort = 9_310
const upstreamUrl = `http://127.0.0.1:${upstreamPort}/v1`

export async function startUpstream(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'upstream.ts'), [String(upstreamPort)])
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', () => reject(new BenchError('The upstream did not start.')))
  })
  return child
}

export function direct(): Target {
  const url = `${upstreamUrl}/chat/completions`
  return { name: 'direct', url, headers: {}, pid: 0, model: 'bench', stop: async () => undefined }
}

const resources = (masking: 'allow' | 'mask') => `
kind: Provider
name: bench
project: default
spec: { protocol: openai, baseUrl: "${upstreamUrl}" }
---
kind: Model
name: bench
project: default
spec: { provider: bench, upstreamModel: bench, maxOutputTokens: 512, price: { input: 0.4, output: 1.6 } }
---
kind: Guardrail
name: default
project: default
spec: { personalData: { input: ${masking}, output: ${masking} } }
---
kind: Budget
name: everybody
project: default
spec: { per: organization, window: day, limits: { usd: 100000, tokens: 1000000000000 } }
---
kind: Budget
name: each-key
project: default
spec: { per: key, window: minute, limits: { requests: 100000000 } }
`

/** Plinth with key, policy, budgets, accounts and traces on; one process, embedded database. */
export async function plinth(root: string, masking: 'allow' | 'mask'): Promise<Target> {
  const server = await BenchServer.start(root, {
    PLINTH_SAMPLE: 'off',
    PLINTH_EMBEDDER: 'none',
    PLINTH_ALLOWED_PRIVATE_HOSTS: `127.0.0.1:${upstreamPort}`,
  })
  await server.ask('POST', '/api/v1/resources', { yaml: resources(masking) })
  const { secret } = await server.ask('POST', '/api/v1/keys', {
    name: 'bench',
    scopes: ['models.use'],
  })
  return {
    name: masking === 'mask' ? 'plinth-masking' : 'plinth',
    url: `${server.url}/v1/chat/completions`,
    headers: { authorization: `Bearer ${secret}` },
    pid: server.pid,
    model: 'bench',
    stop: () => server.stop(),
  }
}

/** Portkey's gateway from npm; a fresh install cannot stream without these overrides. */
export async function portkey(root: string): Promise<Target> {
  const folder = join(root, 'portkey')
  mkdirSync(folder, { recursive: true })
  const overrides = { '@hono/node-server': '1.13.5', hono: '4.9.7', '@hono/node-ws': '1.2.0' }
  const dependencies = { '@portkey-ai/gateway': '1.15.2' }
  const json = JSON.stringify({ private: true, dependencies, overrides })
  writeFileSync(join(folder, 'package.json'), json)
  await ended(
    spawn('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' }),
  )
  // It binds all interfaces; nothing outside this machine shall reach it.
  writeFileSync(join(folder, 'loopback.mjs'), loopback)
  const start = 'node_modules/@portkey-ai/gateway/build/start-server.js'
  const args = ['--import', './loopback.mjs', start, '--port=9311', '--headless']
  const env = { ...process.env, NODE_ENV: 'production' }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore' })
  const url = 'http://127.0.0.1:9311/v1/chat/completions'
  await untilUp('http://127.0.0.1:9311/')
  const headers = {
    authorization: 'Bearer bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': upstreamUrl,
  }
  return {
    name: 'portkey',
    url,
    headers,
    pid: child.pid ?? 0,
    model: 'bench',
    stop: stopper(child),
  }
}

const loopback = `import net from 'node:net'
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'object' && args[0] !== null) args[0].host = '127.0.0.1'
  else if (typeof args[1] === 'string') args[1] = '127.0.0.1'
  else args.splice(1, 0, '127.0.0.1')
  return listen.apply(this, args)
}
`

/** nginx with one worker: what passing bytes costs without looking at them. */
export async function nginx(root: string): Promise<Target> {
  const folder = join(root, 'nginx')
  mkdirSync(folder, { recursive: true })
  const config = `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:9312; keepalive_requests 1000000;
    location / { proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore',
  })
  await untilUp('http://127.0.0.1:9312/')
  const url = 'http://127.0.0.1:9312/v1/chat/completions'
  return {
    name: 'nginx',
    url,
    headers: {},
    pid: child.pid ?? 0,
    model: 'bench',
    stop: stopper(child),
  }
}

/** LiteLLM's proxy with one worker and a master key, as its own command: `PLINTH_BENCH_LITELLM`, or `litellm` on the PATH. */
export async function litellm(root: string): Promise<Target> {
  const folder = join(root, 'litellm')
  mkdirSync(folder, { recursive: true })
  const config = `model_list:
  - {model_name: bench, litellm_params: {model: openai/bench, api_base: "${upstreamUrl}", api_key: none}}
general_settings: {master_key: sk-bench}
`
  writeFileSync(join(folder, 'config.yaml'), config)
  const command = process.env.PLINTH_BENCH_LITELLM ?? 'litellm'
  const place = ['--host', '127.0.0.1', '--port', '9313', '--telemetry', 'False']
  const env = { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True' }
  const child = spawn(command, ['--config', join(folder, 'config.yaml'), ...place], {
    env,
    stdio: 'ignore',
  })
  await untilUp('http://127.0.0.1:9313/health/liveliness')
  return {
    name: 'litellm',
    url: 'http://127.0.0.1:9313/v1/chat/completions',
    headers: { authorization: 'Bearer sk-bench' },
    pid: child.pid ?? 0,
    model: 'bench',
    stop: stopper(child),
  }
}

function stopper(child: ChildProcess): () => Promise<void> {
  return async () => {
    if (child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await gone
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new BenchError(`${child.spawnfile} ended with ${code}.`)),
    )
  })
}

async function untilUp(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    )
    if (up) return
    await delay(200)
  }
  throw new BenchError(`Nothing answers at ${url}.`)
}
