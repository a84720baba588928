import type { Dialect, DialectEndpoint, EndpointOptions, JsonObject } from '#ports'
import { createOpenAiChat } from '../openai-chat/index.ts'
import { openAi } from '../openai-chat/variant.ts'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { isObject } from '../wire/fields.ts'

/** What is asked for where the address names no `api-version`. */
const apiVersion = '2024-10-21'

/**
 * Azure OpenAI: the deployment stands in the path, the version of the interface in the query. `baseUrl` is the
 * resource (`https://NAME.openai.azure.com`, optionally with `?api-version=…`) or its newer `/openai/v1`. A key that is
 * a token of Entra ID is sent as a bearer token.
 */
export function createAzureOpenAi(): Dialect {
  const chat = createOpenAiChat({
    ...openAi,
    id: 'azure-openai',
    path: (model) => `${deployment(model)}/chat/completions`,
  })
  const embeddings = chat.embeddings!
  return {
    ...chat,
    readRequest: (body, path) => chat.readRequest(named(body, path), path),
    endpoint,
    embeddings: {
      ...embeddings,
      readRequest: (body, path) => embeddings.readRequest(named(body, path), path),
      writeRequest(call) {
        const written = embeddings.writeRequest(call)
        return { ...written, path: `${deployment(call.model)}${written.path}` }
      },
    },
    passThrough: Object.fromEntries(
      Object.entries(chat.passThrough).map(([name, path]) => [
        name,
        ['models', 'files', 'batches'].includes(name) ? path : `/deployments/{model}${path}`,
      ]),
    ),
  }
}

function deployment(model: string): string {
  return `/deployments/${encodeURIComponent(model)}`
}

/** Clients of Azure name the model in the path alone. */
function named(body: unknown, path: string | undefined): unknown {
  const model = /\/deployments\/([^/?]+)/.exec(path ?? '')?.[1]
  if (model === undefined || !isObject(body) || body.model !== undefined) return body
  return { ...body, model: decodeURIComponent(model) } satisfies JsonObject
}

function endpoint(options: EndpointOptions): DialectEndpoint {
  const url = new URL(options.baseUrl)
  const path = url.pathname.replace(/\/+$/, '')
  const newer = path.endsWith('/openai/v1')
  const base = `${url.origin}${newer || path.endsWith('/openai') ? path : `${path}/openai`}`
  const version = url.searchParams.get('api-version') ?? (newer ? undefined : apiVersion)
  const { apiKey } = options
  const token = apiKey?.startsWith('eyJ') ? bearer(apiKey) : undefined
  const headers = token ?? (apiKey === undefined ? {} : { 'api-key': apiKey })
  const fixed = fixedEndpoint(options, {
    headers: headers as Record<string, string>,
    base,
    ...(version === undefined ? {} : { query: `api-version=${encodeURIComponent(version)}` }),
  })
  // The newer interface takes the deployment as the model of the body.
  return newer
    ? {
        ...fixed,
        address: (at, body) => fixed.address(at.replace(/^\/deployments\/[^/]+/, ''), body),
      }
    : fixed
}
