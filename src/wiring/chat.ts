import {
  createDialectModel,
  createExtractiveModel,
  createOutboundClient,
  createScriptedModel,
} from '#adapters'
import type { Config } from '#config'
import { analyseIn, detectLanguage } from '#data'
import {
  type ChatModelFactory,
  createExtractor,
  createModelCatalog,
  type HealthProbe,
  type ModelCatalog,
  noticeProviders,
  Router,
} from '#models'
import type { Dialect, OutboundClient, OutboundDispatcher } from '#ports'
import { dialectOf, remoteProtocols } from './dialects.ts'
import { hearOthers, tellOthers } from './processes.ts'

export interface Chat {
  catalog: ModelCatalog
  router: Router
  secret(env: string): string | undefined
  outbound: OutboundClient & OutboundDispatcher
  close(): Promise<void>
}

/** Chat models by protocol over the one outbound client. */
export function openChat(config: Config, env: NodeJS.ProcessEnv): Chat {
  const outbound = createOutboundClient({ allowPrivate: allowed(config, env) })
  const secret = (name: string): string | undefined => env[name] || undefined
  const remote =
    (dialect: Dialect): ChatModelFactory =>
    (provider, secrets) =>
      createDialectModel({
        id: provider.name,
        dialect,
        baseUrl: provider.spec.baseUrl ?? '',
        headers: provider.spec.headers,
        timeouts: provider.spec.timeouts,
        ...(provider.spec.allowPrivate ? { allowPrivate: provider.spec.allowPrivate } : {}),
        outbound,
        ...secrets,
      })
  const catalog = createModelCatalog({
    factories: {
      extractive: () =>
        createExtractiveModel(createExtractor({ analyse: analyseIn, detectLanguage })),
      scripted: ({ name, spec }) => createScriptedModel(name, spec.script ?? { rules: [] }),
      ...Object.fromEntries(remoteProtocols.map((one) => [one, remote(dialectOf(one)!)])),
    },
  })
  const router = new Router({ secret, tell: tellOthers, processes: config.processes })
  hearOthers((news) => router.hear(news))
  router.watch(healthProbe(outbound))
  const close = async () => {
    router.stop()
    await outbound.close()
  }
  return { catalog, router, secret, outbound, close }
}

/** What an operator named in the environment may be reached, private or not. */
function allowed(config: Config, env: NodeJS.ProcessEnv): string[] {
  const ollama =
    env.OLLAMA_HOST && !env.OLLAMA_HOST.includes('://')
      ? `http://${env.OLLAMA_HOST}`
      : env.OLLAMA_HOST
  const named = [env.OPENAI_BASE_URL, env.ANTHROPIC_BASE_URL, ollama].flatMap((url) => {
    const parsed = url ? URL.parse(url) : null
    if (!parsed) return []
    return [`${parsed.hostname}:${parsed.port || (parsed.protocol === 'https:' ? 443 : 80)}`]
  })
  return [...config.allowedPrivateHosts, ...named]
}

/** An endpoint that answers anything but an error of its own is there, with or without the right key. */
function healthProbe(outbound: OutboundClient): HealthProbe {
  return async (url, { spec }) => {
    const answer = await outbound.request({
      method: 'GET',
      url,
      headers: spec.headers,
      timeouts: healthTimeouts,
      maxBytes: 1_000_000,
      ...(spec.allowPrivate ? { allowPrivate: spec.allowPrivate } : {}),
    })
    for await (const _ of answer.body) break
    return answer.status < 500
  }
}

const healthTimeouts = { totalMs: 5_000, firstByteMs: 5_000, idleMs: 5_000 }
const probeTimeouts = { totalMs: 1_500, firstByteMs: 1_500, idleMs: 1_500 }

/** Chat models that this machine seems to have, as resources to apply. Never fails: what cannot be reached is not offered. */
export async function noticeChat(chat: Chat, env: NodeJS.ProcessEnv) {
  const probe = async (url: string, headers: Record<string, string>): Promise<unknown> => {
    try {
      const answer = await chat.outbound.request({
        method: 'GET',
        url,
        headers,
        timeouts: probeTimeouts,
        maxBytes: 1_000_000,
      })
      if (answer.status !== 200) return undefined
      const pieces: Uint8Array[] = []
      for await (const piece of answer.body) pieces.push(piece)
      return JSON.parse(Buffer.concat(pieces).toString('utf8'))
    } catch {
      return undefined
    }
  }
  return noticeProviders(env, probe)
}
