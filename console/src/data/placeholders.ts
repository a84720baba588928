/** What stands in the stored text for a masked value: a kind and a number. */
export const placeholder = /<[A-Z][A-Z0-9_]*_\d+>/g

/** At most this many are shown at once; the server bounds a request too. */
const atMost = 200

export function placeholdersIn(text: string): string[] {
  return [...new Set(text.match(placeholder) ?? [])].slice(0, atMost)
}
