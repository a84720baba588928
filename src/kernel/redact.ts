const keyLike = /\b(?:sk|pk|rk|key|token|gsk|xai)-[A-Za-z0-9_*.-]{4,}|\bBearer\s+\S+/g
const shown = 400

/** Text from outside as it may be shown: without secrets and control characters, cut to one short paragraph. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, '[secret]')
  clean = clean
    .replace(keyLike, '[secret]')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  return clean.length > shown ? `${clean.slice(0, shown)}…` : clean
}
