import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What the caller has to mend: a wrong option or missing data. */
export class BenchError extends Error {}

export const repository = resolve(import.meta.dirname, '..', '..')

/** Options of a bench: names to what they are when they are not given. `--json` always exists. */
export function readOptions<T extends Record<string, string | boolean | undefined>>(
  args: string[],
  defaults: T,
): { [K in keyof T]: T[K] extends boolean ? boolean : string | undefined } & { json?: string } {
  const options = Object.fromEntries(
    [...Object.entries(defaults), ['json', undefined] as const].map(([name, value]) => [
      name,
      { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  try {
    const { values } = parseArgs({ args, options, strict: true })
    return { ...defaults, ...values } as never
  } catch (error) {
    throw new BenchError((error as Error).message)
  }
}

/** A whole number of at least 1. */
export function wholeNumber(name: string, value: string | undefined): number {
  const n = Number(value)
  if (!Number.isInteger(n) || n < 1) throw new BenchError(`--${name} takes a whole number from 1.`)
  return n
}

/** A folder that must be there. */
export function folderOption(name: string, value: string | undefined): string {
  if (!value) throw new BenchError(`--${name} is needed: a folder.`)
  const path = resolve(value)
  if (!existsSync(path)) throw new BenchError(`There is no folder ${path} (--${name}).`)
  return path
}

/** The models folder: the setting's, else the one beside the repository. */
export function modelsFolder(): string | undefined {
  const named = process.env.PLINTH_MODELS_DIR
  if (named) return resolve(named)
  const places = [resolve(repository, '..', 'shared', 'models'), resolve(repository, 'data/models')]
  return places.find((path) => existsSync(path))
}
