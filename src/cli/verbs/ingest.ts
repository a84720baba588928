import { openAsBlob } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import type { Job, Plinth, Upload } from '@plinth/sdk'
import { limits, PlinthError } from '#kernel'
import { Ended, errorText, exitFor, shownOf, usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { bytes, counted, duration } from '../text.ts'
import type { Verb, VerbCall } from '../verb.ts'
import { exitOfJobs, jobText, watchJobs } from '../watch.ts'

export const ingestVerbs: Verb[] = [
  {
    name: 'ingest',
    summary: 'Read a folder source again, or upload files to an upload source',
    needs: ['documents.read', 'documents.write', 'jobs.read'],
    define: (command) =>
      command
        .argument('[what...]', 'a folder source; or files and folders, with --source')
        .option('-s, --source <name>', 'the upload source that receives the files')
        .option(
          '-r, --reader <token...>',
          'who may read them: everyone, user:<e-mail>, group:<name>',
        )
        .option('-w, --wait', 'wait until they can be answered from'),
    run: ingest,
  },
]

async function ingest(call: VerbCall): Promise<ExitName> {
  const source = call.option('source')
  const what = call.list(0)
  if (source !== undefined) {
    if (what.length === 0) throw usage('No files were named.', 'Name files or folders to upload.')
    return upload(call, source, what)
  }
  const client = await call.client()
  const names = what.length > 0 ? what : await folderSources(client)
  if (names.length === 0) {
    call.note('There is no folder source. Name files with --source, or apply a Source.')
    return 'notFound'
  }
  const jobs: Job[] = []
  for (const name of names) jobs.push(await sync(client, name, call))
  return end(
    call,
    jobs.map((job) => job.id),
    jobs,
  )
}

async function folderSources(client: Plinth): Promise<string[]> {
  const { items } = await client.knowledge.sources({ limit: limits.pageSizeMax })
  return items.filter((one) => one.kind === 'folder').map((one) => one.name)
}

/** A file's name where a source's belongs is the likeliest mistake. */
async function sync(client: Plinth, name: string, call: VerbCall): Promise<Job> {
  try {
    return await client.knowledge.sync(name)
  } catch (error) {
    const isFile = await stat(resolve(call.io.cwd, name)).then(
      () => true,
      () => false,
    )
    if (!isFile || shownOf(error).code !== 'NOT_FOUND') throw error
    throw usage(`${name} is a file or folder, not a source.`, 'Add --source NAME to upload it.')
  }
}

interface Chosen {
  path: string
  name: string
  size: number
}

async function upload(call: VerbCall, source: string, what: readonly string[]): Promise<ExitName> {
  const client = await call.client()
  const files = await chosenFiles(call, what)
  const total = files.reduce((sum, file) => sum + file.size, 0)
  const abort = new AbortController()
  const release = call.io.onInterrupt(() => abort.abort())
  const started = call.io.now()
  const jobs = new Set<string>()
  let unchanged = 0
  let failed = 0
  let worst: ExitName = 'ok'
  let before = 0
  try {
    for (const [i, file] of files.entries()) {
      const onProgress = (received: number) => {
        const seconds = Math.max(0.001, (call.io.now() - started) / 1000)
        const rate = (before + received) / seconds
        const left = rate > 0 ? `, ${duration((total - before - received) / rate)} left` : ''
        const done = `${bytes(before + received)} of ${bytes(total)}`
        call.progress.show(`uploading ${i + 1} of ${files.length}: ${file.name}, ${done}${left}`)
      }
      try {
        const state = await send(client, source, { call, file, signal: abort.signal, onProgress })
        if (state.jobId) jobs.add(state.jobId)
        if (state.state === 'unchanged') unchanged++
        await call.data({ file: file.name, state: state.state, jobId: state.jobId })
      } catch (error) {
        if (abort.signal.aborted) throw interrupted(call)
        // One file that is refused does not stop the others; a missing right or server would stop all.
        worst = exitFor(error)
        if (!['usage', 'conflict', 'failed'].includes(worst)) throw error
        failed++
        call.progress.clear()
        call.note(`${file.name}:`)
        call.io.err(errorText(shownOf(error), call.json))
      }
      before += file.size
    }
  } finally {
    release()
  }
  const received = files.length - failed - unchanged
  const again = unchanged > 0 ? `, ${unchanged} unchanged` : ''
  await call.say(
    `${counted(received, 'file')} received${again}${failed > 0 ? `, ${failed} refused` : ''}`,
  )
  const ended = await end(call, [...jobs], [])
  if (failed === 0) return ended
  return failed === files.length ? worst : 'partly'
}

function interrupted(call: VerbCall): Ended {
  call.progress.clear()
  call.note('Stopped. The same command goes on where it stopped.')
  return new Ended('interrupted')
}

async function send(
  client: Plinth,
  source: string,
  what: {
    call: VerbCall
    file: Chosen
    signal: AbortSignal
    onProgress: (received: number) => void
  },
): Promise<Upload> {
  const readers = what.call.option<string[]>('reader')
  return client.documents.upload({
    source,
    name: what.file.name,
    content: await openAsBlob(what.file.path),
    signal: what.signal,
    onProgress: what.onProgress,
    ...(readers ? { readers } : {}),
  })
}

/** Files by name, folders with everything below them; names are relative to the folder that was named. */
async function chosenFiles(call: VerbCall, what: readonly string[]): Promise<Chosen[]> {
  const files: Chosen[] = []
  const add = async (path: string, name: string) => {
    const { size } = await stat(path)
    if (size > limits.uploadBytes) {
      throw new PlinthError('TOO_LARGE', {
        detail: `${name} has ${bytes(size)}; the limit is ${bytes(limits.uploadBytes)} (uploadBytes).`,
        where: path,
        remedy: 'Split it, or leave it out.',
      })
    }
    files.push({ path, name: name.replaceAll('\\', '/'), size })
  }
  for (const one of what) {
    const full = resolve(call.io.cwd, one)
    if (!(await stat(full)).isDirectory()) {
      await add(full, basename(full))
      continue
    }
    const entries = await readdir(full, { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name))
    for (const path of paths.sort()) await add(path, relative(full, path))
  }
  if (files.length > 0) return files
  throw new PlinthError('NOT_FOUND', {
    detail: 'There are no files in what was named.',
    remedy: 'Name files, or a folder that holds some.',
  })
}

/** Waits where asked, and says what could not be read. */
async function end(call: VerbCall, ids: string[], begun: readonly Job[]): Promise<ExitName> {
  if (!call.option<boolean>('wait')) {
    for (const job of begun) {
      await call.data(job)
      await call.say(`${job.target}: ${job.state} (plinth jobs watch ${job.id})`)
    }
    return 'ok'
  }
  if (ids.length === 0) return 'ok'
  const jobs = await watchJobs(call, ids)
  for (const job of jobs) {
    await call.data(job)
    await call.say(jobText(job))
    if (job.error) call.note(`  ${job.error.code}: ${job.error.detail}`)
  }
  const result = exitOfJobs(jobs)
  if (result === 'partly') call.note('See what failed: plinth documents list --state failed')
  return result
}
