import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  notesIn,
  openCheckpoint,
  parseCheckpoint,
  parseVerifierKey,
  splitNote,
} from './checkpoint.ts'

// The example of c2sp.org/signed-note, and that of the Go reference implementation
// (golang.org/x/mod/sumdb/note).
const published = [
  {
    vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
  },
  {
    vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    note: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
  },
]
const notACheckpoint = 'its text is not a checkpoint'

describe('signed notes', () => {
  it.each(published)(
    'verifies the published note of $vkey [M28.signed-note-vectors]',
    async ({ vkey, note }) => {
      const key = (await parseVerifierKey(vkey))!
      // The signature is right; what is signed is a text, not a checkpoint.
      expect(await openCheckpoint(note, [key])).toEqual({ ok: false, what: notACheckpoint })
      const changed = await openCheckpoint(note.replace('a', 'b'), [key])
      expect(changed.ok === false && changed.what).toContain('is wrong')
    },
  )

  it('refuses every mangled verifier key [M28.signed-note-vectors]', async () => {
    const { vkey } = published[1]!
    for (let i = 0; i < vkey.length; i++) {
      const next = String.fromCharCode(vkey.charCodeAt(i) + 1)
      expect(await parseVerifierKey(vkey.slice(0, i) + next + vkey.slice(i + 1))).toBeUndefined()
      expect(await parseVerifierKey(vkey.slice(0, i))).toBeUndefined()
      if (i > 0) expect(await parseVerifierKey(vkey.slice(i))).toBeUndefined()
    }
    const longKey = 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='
    const otherType = 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
    expect(await parseVerifierKey(longKey)).toBeUndefined()
    expect(await parseVerifierKey(otherType)).toBeUndefined()
  })

  it('ignores signatures of unknown keys, and is refused without a known one [M28.signed-note]', async () => {
    const { note } = published[1]!
    const stranger = (await parseVerifierKey(published[0]!.vkey))!
    const opened = await openCheckpoint(note, [stranger])
    expect(opened.ok === false && opened.what).toContain('not by a given key')
    const both = `${note}— example.com/witness ${btoa('\0\0\0\0witness')}\n`
    const peter = (await parseVerifierKey(published[1]!.vkey))!
    expect(await openCheckpoint(both, [peter])).toEqual({ ok: false, what: notACheckpoint })
  })

  it.each([
    ['no signature', 'text\n'],
    ['no blank line', 'text\n— name AAAAAAAA\n'],
    ['no newline at the end', 'text\n\n— name AAAAAAAA'],
    ['a hyphen for the dash', 'text\n\n- name AAAAAAAA\n'],
    ['a plus in the name', 'text\n\n— na+me AAAAAAAA\n'],
    ['base 64 with bits left over', 'text\n\n— name AAAAAB==\n'],
    ['a carriage return', 'text\r\n\n— name AAAAAAAA\n'],
    ['a signature too short', 'text\n\n— name AAAA\n'],
  ])('refuses a note with %s [M28.signed-note]', (_, note) => {
    expect(splitNote(note)).toHaveProperty('what')
  })
})

describe('checkpoints', () => {
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='

  it('reads the example of the specification, with extension lines [M28.checkpoint-format]', () => {
    const checkpoint = parseCheckpoint(`example.com/behind-the-sofa\n20852163\n${root}\nmore\n`)
    expect(checkpoint).toMatchObject({
      origin: 'example.com/behind-the-sofa',
      size: 20852163,
      extensions: ['more'],
    })
  })

  it.each([
    `o\n01\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1\n${root.slice(4)}\n`,
    `o\n1\n`,
    `\n1\n${root}\n`,
    `o\n1\n${root}\n\n`,
    `o\n1\n${root}`,
    `o\n1 \n${root}\n`,
    `o\n9999999999999999\n${root}\n`,
  ])('refuses %j [M28.checkpoint-format]', (text) => {
    expect(parseCheckpoint(text)).toBeUndefined()
  })

  it('finds every whole note in a file, whatever a crash left between [M28.checkpoint-file]', () => {
    const note = (size: number) => `o\n${size}\n${root}\n\n— o AAAAAAAA\n— witness BBBBBBBB\n`
    fc.assert(
      fc.property(fc.array(fc.nat(99), { maxLength: 8 }), fc.nat(90), (sizes, cut) => {
        const notes = sizes.map(note)
        expect(notesIn(notes.map((n) => `${n}\n`).join(''))).toEqual(notes)
        const torn = `${notes.join('\n')}\n${note(1).slice(0, Math.min(cut, 50))}\n\n${note(2)}`
        const found = notesIn(torn)
        expect(found.slice(0, notes.length)).toEqual(notes)
        expect(found.at(-1)).toBe(note(2))
      }),
      { numRuns: 100 },
    )
  })
})
