import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { canonicalJson, type Json, PlinthError } from '#kernel'
import type { Tx } from '#store'
import type { SealBinding, Sealer } from '../sealing.ts'
import type { SealedPersonal } from './events.ts'

/**
 * What keeps subject keys at rest: seals under the server's master key, bound to where the value
 * stands.
 */
export type KeySealer = Pick<Sealer, 'seal' | 'open'>

/** Where a ciphertext belongs; it does not open anywhere else. */
export interface PersonalPlace {
  organization: string
  seq: number
  subjectId: string
}

const tagBytes = 16

/**
 * Encrypts the personal data of an event under the subject's key (AES-256-GCM, random 96-bit
 * nonce).
 */
export function sealPersonal(data: Json, key: Uint8Array, place: PersonalPlace): SealedPersonal {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bindingOf(place))
  const parts = [cipher.update(canonicalJson(data), 'utf8'), cipher.final(), cipher.getAuthTag()]
  return {
    subject: place.subjectId,
    iv: iv.toString('base64'),
    data: Buffer.concat(parts).toString('base64'),
  }
}

/** The reverse. Throws INTEGRITY when key, place or ciphertext do not fit. */
export function openPersonal(
  sealed: { iv: string; data: string },
  key: Uint8Array,
  place: PersonalPlace,
): Json {
  const bytes = Buffer.from(sealed.data, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64'))
  try {
    decipher.setAAD(bindingOf(place)).setAuthTag(bytes.subarray(-tagBytes))
    const parts = [decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as Json
  } catch (cause) {
    const detail = `The personal data of audit event ${place.seq} does not open with its subject’s key.`
    throw new PlinthError('INTEGRITY', { detail, cause })
  }
}

function bindingOf(place: PersonalPlace): Buffer {
  return Buffer.from(
    canonicalJson(['plinth-audit', place.organization, place.seq, place.subjectId]),
  )
}

function keyBinding(organizationId: string, subjectId: string): SealBinding {
  return { organizationId, table: 'audit_subject_key', rowId: subjectId, column: 'sealed_key' }
}

/**
 * The key of a subject, made on first use; `erased` when it was destroyed. Call with the tree row
 * locked, so that no two writers make two keys and none writes after an erasure.
 */
export async function subjectKey(
  tx: Tx,
  subject: { organization: string; subjectId: string },
  sealer: KeySealer,
): Promise<Uint8Array | 'erased'> {
  const { organization, subjectId } = subject
  const known = await findSubjectKey(tx, subject, sealer)
  if (known !== undefined) return known
  const key = randomBytes(32)
  const sealed_key = sealer.seal(key, keyBinding(organization, subjectId))
  await tx.insertInto('audit_subject_key').values({ subject_id: subjectId, sealed_key }).execute()
  return key
}

/** The key of a subject, `erased`, or undefined when there never was one. */
export async function findSubjectKey(
  tx: Tx,
  subject: { organization: string; subjectId: string },
  sealer: KeySealer,
): Promise<Uint8Array | 'erased' | undefined> {
  const row = await tx
    .selectFrom('audit_subject_key')
    .select(['sealed_key', 'erased_at'])
    .where('subject_id', '=', subject.subjectId)
    .executeTakeFirst()
  if (!row) return undefined
  if (row.erased_at !== null || row.sealed_key === null) return 'erased'
  return sealer.open(row.sealed_key, keyBinding(subject.organization, subject.subjectId))
}

/** Destroys the key; a row stays, so that nothing personal is written for this subject again. */
export async function destroySubjectKey(tx: Tx, subjectId: string, at: Date): Promise<void> {
  await tx
    .insertInto('audit_subject_key')
    .values({ subject_id: subjectId, sealed_key: null, erased_at: at })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'subject_id'])
        .doUpdateSet({ sealed_key: null, erased_at: at }),
    )
    .execute()
}
