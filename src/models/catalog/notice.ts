import { modelSpec, PlinthError, providerSpec, type ResourceSpec } from '#kernel'

/** A chat model that this machine seems to have: resources that would connect it. */
export interface NoticedProvider {
  provider: { kind: 'Provider'; name: string; spec: ResourceSpec<'Provider'> }
  model: { kind: 'Model'; name: string; spec: ResourceSpec<'Model'> }
  /** For a person: where it was noticed. */
  because: string
  /** A private `host:port` that the outbound client must be allowed to reach; a person named it or runs it here. */
  allowPrivate?: string
}

/** GETs JSON within about a second; undefined for anything but a 200 with JSON. Must never throw. */
export type Probe = (url: string, headers: Record<string, string>) => Promise<unknown>

type Env = Readonly<Record<string, string | undefined>>

/** First match in what the endpoint lists wins: capable and inexpensive, newest first. */
const preferred = {
  openai: [/^gpt-5(?:\.\d)?-mini$/, /^gpt-4\.1-mini$/, /^gpt-4o-mini$/],
  anthropic: [/^claude-haiku-4/, /^claude-sonnet-4/, /haiku/, /sonnet/],
}
const fallback = { openai: 'gpt-4.1-mini', anthropic: 'claude-haiku-4-5' }
const notForChat =
  /embed|whisper|tts|dall-e|moderation|rerank|image|audio|realtime|transcribe|bge-|minilm|nomic/i

/**
 * Looks for chat models: `ANTHROPIC_API_KEY`, `OPENAI_API_KEY` or `OPENAI_BASE_URL`, and an Ollama on its port. Which
 * model is asked of the endpoint, unless `OPENAI_MODEL` or `ANTHROPIC_MODEL` names one. Offers resources, applies none.
 */
export async function noticeProviders(env: Env, probe: Probe): Promise<NoticedProvider[]> {
  const found = await Promise.all([
    noticeAnthropic(env, probe),
    noticeOpenAi(env, probe),
    noticeOllama(env, probe),
  ])
  return found.filter((one) => one !== undefined)
}

async function noticeAnthropic(env: Env, probe: Probe): Promise<NoticedProvider | undefined> {
  const key = env.ANTHROPIC_API_KEY
  if (!key) return undefined
  const baseUrl = env.ANTHROPIC_BASE_URL || 'https://api.anthropic.com'
  const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
  const root = baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')
  const listed = env.ANTHROPIC_MODEL ? [] : modelsIn(await probe(`${root}/v1/models`, headers))
  const upstreamModel = env.ANTHROPIC_MODEL || choose(listed, 'anthropic')
  return noticed('anthropic', {
    spec: { protocol: 'anthropic', baseUrl, apiKey: { env: 'ANTHROPIC_API_KEY' } },
    model: { upstreamModel, contextTokens: 200_000, maxOutputTokens: 4_096 },
    because: 'ANTHROPIC_API_KEY is set',
    ...(env.ANTHROPIC_BASE_URL ? { named: env.ANTHROPIC_BASE_URL } : {}),
  })
}

async function noticeOpenAi(env: Env, probe: Probe): Promise<NoticedProvider | undefined> {
  const key = env.OPENAI_API_KEY
  const named = env.OPENAI_BASE_URL
  if (!key && !named) return undefined
  const baseUrl = (named || 'https://api.openai.com/v1').replace(/\/+$/, '')
  const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
  const listed = env.OPENAI_MODEL ? [] : modelsIn(await probe(`${baseUrl}/models`, headers))
  const upstreamModel = env.OPENAI_MODEL || choose(listed, 'openai')
  return noticed('openai', {
    spec: { protocol: 'openai', baseUrl, ...(key ? { apiKey: { env: 'OPENAI_API_KEY' } } : {}) },
    model: {
      upstreamModel,
      contextTokens: named ? 8_192 : 128_000,
      maxOutputTokens: named ? 1_024 : 4_096,
    },
    because: named ? 'OPENAI_BASE_URL is set' : 'OPENAI_API_KEY is set',
    ...(named ? { named } : {}),
  })
}

async function noticeOllama(env: Env, probe: Probe): Promise<NoticedProvider | undefined> {
  const root = ollamaRoot(env.OLLAMA_HOST)
  const listed = modelsIn(await probe(`${root}/api/tags`, {})).filter(
    (name) => !notForChat.test(name),
  )
  const upstreamModel = listed[0]
  if (upstreamModel === undefined) return undefined
  return noticed('ollama', {
    spec: {
      protocol: 'openai',
      baseUrl: `${root}/v1`,
      // It loads a model with the first question, which takes its time.
      timeouts: { totalMs: 300_000, firstTokenMs: 120_000, idleMs: 60_000 },
    },
    model: { upstreamModel, contextTokens: 8_192, maxOutputTokens: 1_024 },
    because: `an Ollama answers at ${root}`,
    named: root,
  })
}

function ollamaRoot(host: string | undefined): string {
  const text = host?.trim().replace(/\/+$/, '').replace('0.0.0.0', '127.0.0.1')
  if (!text) return 'http://127.0.0.1:11434'
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`
  return /:\d+$/.test(url) ? url : `${url}:11434`
}

function noticed(
  name: string,
  found: {
    spec: Partial<ResourceSpec<'Provider'>> & { protocol: 'openai' | 'anthropic' }
    model: { upstreamModel: string; contextTokens: number; maxOutputTokens: number }
    because: string
    named?: string
  },
): NoticedProvider | undefined {
  const provider = providerSpec.safeParse(found.spec)
  const model = modelSpec.safeParse({ provider: name, ...found.model })
  if (!provider.success || !model.success) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `${found.because}, but its value cannot be used.`,
      remedy: 'Give a whole URL such as http://127.0.0.1:8000/v1.',
    })
  }
  const allowPrivate = found.named === undefined ? undefined : hostOf(found.named)
  return {
    provider: { kind: 'Provider', name, spec: provider.data },
    model: { kind: 'Model', name: resourceNameOf(found.model.upstreamModel), spec: model.data },
    because: found.because,
    ...(allowPrivate === undefined ? {} : { allowPrivate }),
  }
}

function hostOf(address: string): string | undefined {
  const url = URL.parse(address)
  if (!url) return undefined
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
}

/** `llama3.2:3b` becomes `llama3.2-3b`. */
function resourceNameOf(upstream: string): string {
  const name = upstream
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(0, 63)
  return name.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'model'
}

function choose(listed: readonly string[], protocol: keyof typeof preferred): string {
  for (const pattern of preferred[protocol]) {
    const match = listed.find((name) => pattern.test(name))
    if (match) return match
  }
  return listed.find((name) => !notForChat.test(name)) ?? fallback[protocol]
}

/** Model names in the lists of OpenAI, Anthropic (`data[].id`) and Ollama (`models[].name`). */
function modelsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { data, models } = value as { data?: unknown; models?: unknown }
  const rows = Array.isArray(data) ? data : Array.isArray(models) ? models : []
  return rows
    .slice(0, 1_000)
    .map((row: { id?: unknown; name?: unknown } | null) => row?.id ?? row?.name)
    .filter(
      (name): name is string => typeof name === 'string' && name.length > 0 && name.length <= 200,
    )
}
