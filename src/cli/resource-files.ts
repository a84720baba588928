import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { PlinthProblem } from '@plinth/sdk'
import { limits, PlinthError } from '#kernel'
import type { CliIo } from './io.ts'

export interface ResourceText {
  /** All files in one, so that they are applied together or not at all. */
  yaml: string
  /** Name of the whole for the server; a single file keeps its own. */
  label: string
  /** Which lines of the whole came from which file. */
  parts: { file: string; from: number; lines: number }[]
  /** Files of folders in which no resource stands. */
  skipped: string[]
}

const manyFiles = 'files'
const extension = /\.(ya?ml|json)$/i
/** A document of a resource file starts with, or holds, a top-level key `kind`. */
const kindLine = /^(- )?kind\s*:|"kind"\s*:/m

/** Reads files, folders (their YAML and JSON files, in order of their names) and "-" into one text. */
export async function readResourceFiles(
  paths: readonly string[],
  io: Pick<CliIo, 'cwd' | 'stdin'>,
): Promise<ResourceText> {
  const files: { file: string; text: string; named: boolean }[] = []
  for (const path of paths) {
    if (path === '-') {
      files.push({ file: 'standard input', text: await io.stdin(), named: true })
      continue
    }
    const full = resolve(io.cwd, path)
    const found = (await stat(full)).isDirectory() ? await filesIn(full) : [full]
    for (const one of found) {
      // As it was typed, so that it can be typed again.
      const file = join(path, relative(full, one))
      files.push({ file, text: await readFile(one, 'utf8'), named: one === full })
    }
  }
  return joined(files)
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split(/[\\/]/)
          .some((part) => part.startsWith('.')),
    )
    .sort()
  if (files.length <= limits.resourcesPerApply) return files
  throw new PlinthError('TOO_LARGE', {
    detail: `${folder} holds ${files.length} files; the limit is ${limits.resourcesPerApply} (resourcesPerApply).`,
    remedy: 'Apply its folders one by one.',
  })
}

function joined(files: readonly { file: string; text: string; named: boolean }[]): ResourceText {
  const kept = files.filter(({ text, named }) => named || kindLine.test(text))
  const skipped = files.filter((file) => !kept.includes(file)).map(({ file }) => file)
  const parts: ResourceText['parts'] = []
  const texts: string[] = []
  let line = 1
  for (const { file, text } of kept) {
    const body = text
      .replace(/^\ufeff/, '')
      .replace(/\r\n/g, '\n')
      .replace(/\n*$/, '\n')
    const lines = body.split('\n').length - 1
    parts.push({ file, from: line, lines })
    texts.push(body)
    // The separator between two files takes a line.
    line += lines + 1
  }
  const label = parts.length === 1 ? (parts[0]?.file ?? manyFiles) : manyFiles
  return { yaml: texts.join('---\n'), label, parts, skipped }
}

/** A refusal that names lines of the joined text, naming file and line as the author has them. */
export function relocated(error: unknown, text: ResourceText): unknown {
  if (!(error instanceof PlinthProblem) || text.parts.length < 2) return error
  const place = (where: string | undefined) => where && movedPlace(where, text)
  const { code, status, detail, remedy, requestId, problems } = error
  const where = place(error.where)
  return new PlinthProblem(
    {
      code,
      status,
      detail: detail.replace(new RegExp(`\\b${manyFiles}:(\\d+)`, 'g'), (whole) => place(whole)!),
      remedy,
      ...(where ? { where } : {}),
      ...(requestId ? { requestId } : {}),
      problems: problems.map((one) => ({ ...one, where: place(one.where) ?? one.where })),
    },
    { cause: error },
  )
}

function movedPlace(where: string, { parts }: ResourceText): string {
  const match = /^files:(\d+)(.*)$/s.exec(where)
  if (!match) return where
  const line = Number(match[1])
  const part = parts.findLast((one) => one.from <= line)
  if (!part) return where
  return `${part.file}:${Math.min(line - part.from + 1, part.lines)}${match[2]}`
}
