import type { DialectEndpoint, EndpointOptions } from '#ports'

/** An endpoint whose headers are the same for every request. */
export function fixedEndpoint(
  options: EndpointOptions,
  own: { headers: Record<string, string>; base?: string; query?: string },
): DialectEndpoint {
  const base = (own.base ?? options.baseUrl).replace(/\/+$/, '')
  const headers = { 'content-type': 'application/json', ...own.headers, ...options.headers }
  return {
    perRequest: false,
    secrets: secretsOf(options),
    address: (path) => ({ url: withQuery(`${base}${path}`, own.query), headers: { ...headers } }),
  }
}

export function secretsOf({ apiKey, headers }: EndpointOptions): string[] {
  return [apiKey, ...Object.values(headers ?? {})].filter((one) => one !== undefined)
}

export function bearer(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
}

function withQuery(url: string, query: string | undefined): string {
  return query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url
}
