import { availableParallelism } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { PlinthError, Secret } from '#kernel'

interface Setting<T> {
  /** As written in the documentation. */
  default: string
  unit: string
  reason: string
  /** Throws an Error that says what is expected. */
  read(value: string): T
}

const text = (value: string): string => value
const flag = (value: string): boolean => {
  if (/^(on|true|1|yes)$/i.test(value)) return true
  if (/^(off|false|0|no)$/i.test(value)) return false
  throw new Error('expected "on" or "off"')
}
const whole =
  (min: number, max: number) =>
  (value: string): number => {
    const n = Number(value)
    if (!Number.isInteger(n) || n < min || n > max) {
      throw new Error(`expected a whole number from ${min} to ${max}`)
    }
    return n
  }
const list = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
const setting = <T>(s: Setting<T>): Setting<T> => s

/** Every setting, read from the environment once at start. `docs/operate/settings.md` is held to this table by a test. */
export const settings = {
  PLINTH_HOST: setting({
    default: '127.0.0.1',
    unit: 'address',
    reason:
      'Address to listen on. Only this machine by default; put TLS in front before opening it.',
    read: text,
  }),
  PLINTH_PORT: setting({
    default: '4300',
    unit: 'port',
    reason: 'Port to listen on; 0 takes a free one.',
    read: whole(0, 65_535),
  }),
  PLINTH_PUBLIC_URL: setting({
    default: '',
    unit: 'URL',
    reason: 'Address people use, where a proxy stands in front; sign-in links are built from it.',
    read: text,
  }),
  PLINTH_DATA_DIR: setting({
    default: './data',
    unit: 'folder',
    reason: 'Database, objects, keys and audit checkpoints of this server.',
    read: text,
  }),
  PLINTH_MODELS_DIR: setting({
    default: '',
    unit: 'folder',
    reason: 'Local embedding models; empty means <data>/models.',
    read: text,
  }),
  PLINTH_EMBEDDER: setting({
    default: 'auto',
    unit: 'model name',
    reason:
      'Default embedder: a folder name in the models directory, "auto" for the first found, "none" for lexical search only.',
    read: text,
  }),
  PLINTH_SAMPLE: setting({
    default: 'on',
    unit: 'on or off',
    reason: 'Load the sample company into a new installation; off starts empty.',
    read: flag,
  }),
  PLINTH_ORGANIZATION: setting({
    default: 'Plinth',
    unit: 'name',
    reason: 'Name of the organization that a new installation creates.',
    read: text,
  }),
  DATABASE_URL: setting({
    default: '',
    unit: 'URL',
    reason: 'A PostgreSQL server (15 or newer) instead of the embedded database.',
    read: text,
  }),
  PLINTH_DATABASE_CONNECTIONS: setting({
    default: '10',
    unit: 'connections',
    reason: 'Most connections of this process to the PostgreSQL server.',
    read: whole(2, 200),
  }),
  PLINTH_ADMIN_KEY_FILE: setting({
    default: '',
    unit: 'file',
    reason:
      "The first owner's API key, written once with mode 600; empty means <data>/admin.key. The command line reads it.",
    read: text,
  }),
  PLINTH_MASTER_KEY_FILE: setting({
    default: '',
    unit: 'file',
    reason:
      'The 32-byte key that seals the vault; empty means <data>/master.key. Servers on one database need the same one.',
    read: text,
  }),
  PLINTH_PROCESSES: setting({
    default: '1',
    unit: 'processes',
    reason:
      'Processes that serve on one port, as many as there are cores to give them. More than one needs a PostgreSQL server (DATABASE_URL).',
    read: whole(1, 64),
  }),
  PLINTH_WORKERS: setting({
    default: '2',
    unit: 'jobs at once',
    reason:
      'Documents that this process ingests at the same time; 0 makes a process that only serves.',
    read: whole(0, 64),
  }),
  PLINTH_PARSERS: setting({
    default: String(Math.max(1, Math.min(4, availableParallelism()))),
    unit: 'processes',
    reason: 'Parser processes at once; each may take up to 1 GiB while it works.',
    read: whole(1, 64),
  }),
  PLINTH_INDEX_MEMORY_MB: setting({
    default: '1024',
    unit: 'MiB',
    reason:
      'Memory for search indexes of this process; the least recently used one is unloaded beyond it.',
    read: whole(64, 1_048_576),
  }),
  PLINTH_UPLOAD_QUOTA_MB: setting({
    default: '102400',
    unit: 'MiB',
    reason:
      'Most bytes of originals that uploads and texts may store for one organization, those under way included; 0 sets no limit. Scanned folders do not count.',
    read: whole(0, 1_073_741_824),
  }),
  PLINTH_ALLOWED_PRIVATE_HOSTS: setting({
    default: 'localhost:11434,127.0.0.1:11434',
    unit: 'host:port, …',
    reason:
      'Private addresses that model calls may reach. All others are refused (SSRF); the default allows a local Ollama.',
    read: list,
  }),
  PLINTH_FOLDERS: setting({
    default: '',
    unit: 'folder, …',
    reason:
      'Folders that folder sources may read, besides the sample. Empty allows any folder the server can read, when it listens on this machine only.',
    read: list,
  }),
  PLINTH_CALLS_KEPT_DAYS: setting({
    default: '400',
    unit: 'days',
    reason:
      'How long calls of models and the counts of past budget windows are kept; older ones are deleted once an hour.',
    read: whole(1, 36_500),
  }),
  PLINTH_RESPONSES_KEPT_DAYS: setting({
    default: '30',
    unit: 'days',
    reason:
      'How long answers of /v1/responses are kept after they were given or last continued, unless their caller says store: false or deletes them.',
    read: whole(1, 36_500),
  }),
  PLINTH_METRICS_TOKEN: setting({
    default: '',
    unit: 'secret',
    reason:
      'Bearer token, 16 characters or more, that reads /metrics beside keys with metrics.read; empty: only such keys do.',
    read: (value) => {
      if (value !== '' && value.length < 16) throw new Error('expected 16 characters or more')
      return new Secret(value)
    },
  }),
  PLINTH_LOG_LEVEL: setting({
    default: 'warn',
    unit: 'level',
    reason: 'fatal, error, warn, info or debug; one JSON object a line on standard error.',
    read: text,
  }),
  OPENAI_API_KEY: setting({
    default: '',
    unit: 'secret',
    reason: 'Noticed at start: an OpenAI-compatible endpoint is offered as the chat model.',
    read: text,
  }),
  OPENAI_BASE_URL: setting({
    default: '',
    unit: 'URL',
    reason: 'Base URL of the OpenAI-compatible endpoint, with /v1.',
    read: text,
  }),
  ANTHROPIC_API_KEY: setting({
    default: '',
    unit: 'secret',
    reason: 'Noticed at start: Anthropic is offered as the chat model.',
    read: text,
  }),
} as const

export type SettingName = keyof typeof settings

/** All settings, validated; folders are absolute. */
export interface Config {
  host: string
  port: number
  publicUrl: string
  dataDir: string
  modelsDir: string
  embedder: string
  sample: boolean
  organization: string
  databaseUrl: string
  databaseConnections: number
  adminKeyFile: string
  masterKeyFile: string
  processes: number
  workers: number
  parsers: number
  indexMemoryMb: number
  uploadQuotaMb: number
  allowedPrivateHosts: string[]
  folders: string[]
  callsKeptDays: number
  responsesKeptDays: number
  metricsToken: Secret
  logLevel: string
}

/** Reads and checks every setting. Throws INVALID_INPUT that names the setting and what it expects. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const get = <N extends SettingName>(name: N): ReturnType<(typeof settings)[N]['read']> => {
    const value = env[name] ?? settings[name].default
    try {
      return settings[name].read(value) as ReturnType<(typeof settings)[N]['read']>
    } catch (error) {
      const shown = settings[name].unit === 'secret' ? '' : `="${value}"`
      throw new PlinthError('INVALID_INPUT', {
        detail: `${name}${shown}: ${(error as Error).message}.`,
        where: `environment variable ${name}`,
        remedy: settings[name].reason,
      })
    }
  }
  const dataDir = resolve(get('PLINTH_DATA_DIR'))
  const inData = (value: string, fallback: string): string => {
    if (value === '') return join(dataDir, fallback)
    return isAbsolute(value) ? value : resolve(value)
  }
  return {
    host: get('PLINTH_HOST'),
    port: get('PLINTH_PORT'),
    publicUrl: get('PLINTH_PUBLIC_URL').replace(/\/$/, ''),
    dataDir,
    modelsDir: inData(get('PLINTH_MODELS_DIR'), 'models'),
    embedder: get('PLINTH_EMBEDDER'),
    sample: get('PLINTH_SAMPLE'),
    organization: get('PLINTH_ORGANIZATION'),
    databaseUrl: get('DATABASE_URL'),
    databaseConnections: get('PLINTH_DATABASE_CONNECTIONS'),
    adminKeyFile: inData(get('PLINTH_ADMIN_KEY_FILE'), 'admin.key'),
    masterKeyFile: inData(get('PLINTH_MASTER_KEY_FILE'), 'master.key'),
    processes: processesOf(get('PLINTH_PROCESSES'), get('DATABASE_URL')),
    workers: get('PLINTH_WORKERS'),
    parsers: get('PLINTH_PARSERS'),
    indexMemoryMb: get('PLINTH_INDEX_MEMORY_MB'),
    uploadQuotaMb: get('PLINTH_UPLOAD_QUOTA_MB'),
    allowedPrivateHosts: get('PLINTH_ALLOWED_PRIVATE_HOSTS'),
    folders: get('PLINTH_FOLDERS'),
    callsKeptDays: get('PLINTH_CALLS_KEPT_DAYS'),
    responsesKeptDays: get('PLINTH_RESPONSES_KEPT_DAYS'),
    metricsToken: get('PLINTH_METRICS_TOKEN'),
    logLevel: get('PLINTH_LOG_LEVEL'),
  }
}

/** The embedded database belongs to one process. */
function processesOf(processes: number, databaseUrl: string): number {
  if (processes === 1 || databaseUrl !== '') return processes
  throw new PlinthError('INVALID_INPUT', {
    detail: `PLINTH_PROCESSES="${processes}": the embedded database serves one process.`,
    where: 'environment variable PLINTH_PROCESSES',
    remedy: 'Name a PostgreSQL server in DATABASE_URL, or leave PLINTH_PROCESSES out.',
  })
}
