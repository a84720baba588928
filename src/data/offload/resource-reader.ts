import { limits, PlinthError } from '#kernel'
import { located, type ParsedResources, parseResources, type ResourceFile } from '#store'
import { Offload } from './offload.ts'

/** So short a file is read in milliseconds, whatever stands in it: sooner than a thread answers. */
const inlineChars = 4 * 1024

/**
 * Reads resources that somebody sent. A megabyte of brackets takes seconds, so that long files are read in threads of
 * their own, for a limited time: who sends them holds up neither the server nor ingestion.
 */
export class ResourceReader {
  readonly #threads = new Offload({ threads: 2 })
  readonly #limitMs: number

  constructor({ limitMs = limits.resourceYamlSeconds * 1_000 }: { limitMs?: number } = {}) {
    this.#limitMs = limitMs
  }

  /** What stands in the file, and what is wrong with it. Throws TOO_LARGE where reading it takes too long. */
  async read(file: ResourceFile): Promise<ParsedResources> {
    if (file.text.length <= inlineChars) return parseResources([file])
    try {
      return located(await this.#threads.run('resources', { file }, { limitMs: this.#limitMs }))
    } catch (error) {
      throw error instanceof PlinthError && error.code === 'TOO_LARGE' ? tooLong() : error
    }
  }

  close(): Promise<void> {
    return this.#threads.close()
  }
}

function tooLong(): PlinthError {
  return new PlinthError('TOO_LARGE', {
    detail: `The text takes longer than ${limits.resourceYamlSeconds} s to read (resourceYamlSeconds).`,
    where: 'body/yaml',
    remedy: 'Split it, and write it without deep nesting and long lists in brackets.',
  })
}
