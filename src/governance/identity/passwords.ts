import { hash, verify } from '@node-rs/argon2'
import { PlinthError, type Secret } from '#kernel'

/** OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

const minChars = 12
const maxBytes = 1_024
/** Hashes at once; each holds 19 MiB and a core. What waits beyond the queue is refused. */
const maxRunning = 2
const maxWaiting = 64

/**
 * Hashes a password for storage. Throws INVALID_INPUT for one that anybody would guess, TOO_MANY_REQUESTS under load.
 * @param of whose password it is: it must not be their name or address.
 */
export async function hashPassword(
  password: Secret,
  of: { email: string; name: string },
): Promise<string> {
  const text = normalized(password)
  const wrong = weakness(text, of)
  if (wrong) {
    throw new PlinthError('INVALID_INPUT', {
      detail: wrong,
      where: 'password',
      remedy: `Choose at least ${minChars} characters: a few unrelated words are easiest to remember.`,
    })
  }
  return running(() => hash(text, parameters))
}

/**
 * Whether a password matches a stored hash. Without a hash (unknown user, no password) the same work is done, so
 * that the time of an answer does not tell whether an account exists.
 */
export async function verifyPassword(
  password: Secret,
  stored: string | null | undefined,
): Promise<boolean> {
  const text = normalized(password)
  if (Buffer.byteLength(text) > maxBytes) return false
  const against = stored ?? (await decoy())
  const matches = await running(() => verify(against, text).catch(() => false))
  return matches && typeof stored === 'string'
}

let decoyHash: Promise<string> | undefined
function decoy(): Promise<string> {
  decoyHash ??= hash('no account has this password', parameters)
  return decoyHash
}

/** The same characters typed on another keyboard are the same password (NIST SP 800-63B). */
function normalized(password: Secret): string {
  return password.reveal().normalize('NFKC')
}

function weakness(
  text: string,
  { email, name }: { email: string; name: string },
): string | undefined {
  const chars = [...text]
  if (chars.length < minChars) return `The password has ${chars.length} characters.`
  if (Buffer.byteLength(text) > maxBytes) return `The password is longer than ${maxBytes} bytes.`
  if (new Set(chars).size < 5) return 'The password repeats the same few characters.'
  const plain = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  const own = [email, email.split('@')[0] ?? '', name].map((s) =>
    s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''),
  )
  const rest = own.filter((s) => s.length > 2).reduce((left, s) => left.replaceAll(s, ''), plain)
  if (rest.length < 4) return 'The password is the name or address of its user.'
  if (isSequence(plain) || common.some((word) => leftover(plain, word) < 4)) {
    return 'The password is one of those that are tried first.'
  }
  return undefined
}

/** What lists of leaked passwords begin with; longer ones are mostly these with digits behind. */
const common = [
  'password',
  'passwort',
  'qwerty',
  'qwertz',
  'azerty',
  'letmein',
  'welcome',
  'iloveyou',
  'administrator',
  'changeme',
  'plinth',
  'abc123',
  '123456',
]

function leftover(plain: string, word: string): number {
  const left = plain.replaceAll(word, '')
  return left === plain ? plain.length : left.replace(/\d/g, '').length
}

function isSequence(plain: string): boolean {
  let steps = 0
  for (let i = 1; i < plain.length; i++) {
    const step = plain.charCodeAt(i) - plain.charCodeAt(i - 1)
    if (step === 1 || step === -1 || step === 0) steps++
  }
  return plain.length > 0 && steps >= plain.length - 3
}

let active = 0
const waiting: (() => void)[] = []

async function running<T>(work: () => Promise<T>): Promise<T> {
  if (active >= maxRunning) {
    if (waiting.length >= maxWaiting) {
      throw new PlinthError('TOO_MANY_REQUESTS', {
        detail: 'Too many people are signing in at this moment.',
        remedy: 'Wait a few seconds, then try again.',
      })
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else active++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else active--
  }
}
