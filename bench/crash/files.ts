import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchServer } from '../harness/server.ts'

export const fileCount = 150

/** The files of a folder source, as they are at first. */
export function writeFiles(folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  return Array.from({ length: fileCount }, (_, i) => {
    const name = `file${i}.md`
    writeFileSync(join(folder, name), textOfFile(i, 0))
    return name
  })
}

/** Every tenth life of the server finds a third of the files changed, and scans them. */
export async function changeFiles(
  server: BenchServer,
  at: { kill: number; folder: string },
): Promise<void> {
  const round = at.kill / 10
  for (let i = round % 3; round > 0 && i < fileCount; i += 3) {
    writeFileSync(join(at.folder, `file${i}.md`), textOfFile(i, round))
  }
  await server.ask('POST', '/api/v1/sources/files/sync')
}

/** A word that stands in one document and one version of it only. */
export function fileWord(file: number, round: number): string {
  return `filemark${file}round${round}x`
}

/** The round in which a file was changed last. */
export function lastRound(file: number, rounds: number): number {
  for (let round = rounds - 1; round > 0; round--) if (file % 3 === round % 3) return round
  return 0
}

function textOfFile(file: number, round: number): string {
  const lines = Array.from({ length: 20 }, (_, i) => `Line ${i} of the record of shelf ${file}.`)
  return `# Record ${file}\n\nThe mark is ${fileWord(file, round)}.\n\n${lines.join('\n\n')}\n`
}
