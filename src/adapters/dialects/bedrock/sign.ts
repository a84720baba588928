import { createHash, createHmac } from 'node:crypto'

export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface ToSign {
  method: string
  url: URL
  /** Signed, too; `host` and the date are added. */
  headers: Readonly<Record<string, string>>
  body: string
}

export interface SignFor {
  credentials: AwsCredentials
  region: string
  service: string
  date: Date
}

/** The headers that sign a request (AWS Signature Version 4), beside those that it has. */
export function signedHeaders(request: ToSign, at: SignFor): Record<string, string> {
  const { credentials, region, service, date } = at
  const time = date.toISOString().replace(/[:-]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const added: Record<string, string> = { 'x-amz-date': time }
  if (credentials.sessionToken) added['x-amz-security-token'] = credentials.sessionToken
  const all: Record<string, string> = { host: request.url.host }
  for (const [name, value] of Object.entries({ ...request.headers, ...added }))
    all[name.toLowerCase()] = value.trim().replace(/ +/g, ' ')
  const names = Object.keys(all).sort()
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname),
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    hash(request.body),
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n')
  const keys = [time.slice(0, 8), region, service, 'aws4_request']
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`, 'utf8')
  for (const part of keys) key = hmac(key, part)
  const signature = hmac(key, text).toString('hex')
  const credential = `Credential=${credentials.accessKeyId}/${scope}`
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...added, authorization }
}

/** Every step of a path that is encoded already is encoded once more, as all services but S3 want it. */
function canonicalPath(path: string): string {
  return path.split('/').map(encoded).join('/')
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
  return pairs.sort().join('&')
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}
