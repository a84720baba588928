import { PlinthError } from '#kernel'

/**
 * What a kind of personal data or secret is, for lists in the console and for
 * `docs/use/masking.md`.
 */
export interface KindInfo {
  title: string
  /**
   * How a finding is justified: `checked` by a check digit or a structure that chance does not
   * produce;
   * `context` where the number alone proves little and words around it must support it.
   */
  evidence: 'checked' | 'context'
}

/** Every kind that the detectors know. The name stands in the placeholder: `<EMAIL_1>`. */
export const kindCatalogue = {
  EMAIL: { title: 'E-mail address', evidence: 'checked' },
  PHONE: { title: 'Phone number', evidence: 'context' },
  CREDIT_CARD: { title: 'Payment card number', evidence: 'checked' },
  IBAN: { title: 'International bank account number', evidence: 'checked' },
  US_SSN: { title: 'US social security number', evidence: 'checked' },
  UK_NHS: { title: 'UK NHS number', evidence: 'context' },
  DE_STEUER_ID: { title: 'German tax identification number', evidence: 'context' },
  FR_NIR: { title: 'French social security number (NIR)', evidence: 'checked' },
  IT_CODICE_FISCALE: { title: 'Italian tax code', evidence: 'checked' },
  ES_DNI: { title: 'Spanish identity number (DNI)', evidence: 'checked' },
  ES_NIE: { title: 'Spanish foreigner number (NIE)', evidence: 'checked' },
  NL_BSN: { title: 'Dutch citizen service number', evidence: 'context' },
  BE_NN: { title: 'Belgian national number', evidence: 'context' },
  PL_PESEL: { title: 'Polish PESEL', evidence: 'context' },
  IN_AADHAAR: { title: 'Indian Aadhaar number', evidence: 'context' },
  BR_CPF: { title: 'Brazilian CPF', evidence: 'context' },
  IP_ADDRESS: { title: 'IPv4 or IPv6 address', evidence: 'checked' },
  MAC_ADDRESS: { title: 'Hardware (MAC) address', evidence: 'checked' },
  URL_CREDENTIALS: { title: 'Address with a user name and password', evidence: 'checked' },
  JWT: { title: 'JSON web token', evidence: 'checked' },
  PRIVATE_KEY: { title: 'Private key (PEM)', evidence: 'checked' },
  SECRET: { title: 'API key or access token', evidence: 'checked' },
} as const satisfies Record<string, KindInfo>

export type Kind = keyof typeof kindCatalogue

export const kinds = Object.keys(kindCatalogue) as Kind[]

/** The kind of a placeholder that stands for text which itself looked like a placeholder. */
export const literalKind = 'LITERAL'

/** Names that placeholders may bear one day: texts that contain them are escaped today already. */
const reservedKinds = ['PERSON', 'ADDRESS', 'LOCATION', 'ORGANIZATION', 'DATE_OF_BIRTH', 'CUSTOM']

/** Every name that can stand in a placeholder. */
export const placeholderKinds: readonly string[] = [...kinds, literalKind, ...reservedKinds]

/**
 * The wanted kinds as a set; none named means all. Throws INVALID_INPUT on a name that is not a
 * kind.
 */
export function wantedKinds(entities: readonly string[] = []): ReadonlySet<Kind> {
  if (entities.length === 0) return new Set(kinds)
  const wanted = new Set<Kind>()
  for (const name of entities) {
    if (!Object.hasOwn(kindCatalogue, name)) {
      throw new PlinthError('INVALID_INPUT', {
        detail: `"${name}" is not a kind of personal data.`,
        remedy: `Use some of ${kinds.join(', ')}.`,
      })
    }
    wanted.add(name as Kind)
  }
  return wanted
}
