import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { repository } from '../harness/options.ts'
import { BenchServer } from '../harness/server.ts'

/** `plinth doctor --fsck` over the stopped installation, and `plinth audit verify` over an export of its log. */
export async function checkStopped(
  root: string,
): Promise<{ faults: string[]; counts: Record<string, number> }> {
  const faults: string[] = []
  const doctor = plinth(root, ['doctor', '--fsck', '--json'])
  const failed = failedChecks(doctor.output)
  if (doctor.status !== 0) faults.push(`doctor --fsck ended with ${doctor.status}.`)
  for (const check of failed) faults.push(`doctor: ${JSON.stringify(check)}`)
  const file = join(root, 'audit-export.jsonl')
  const server = await BenchServer.start(root)
  const exported = plinth(root, ['audit', 'export', file])
  await server.stop()
  if (exported.status !== 0) faults.push(`audit export: ${exported.output}`)
  const verified = plinth(root, ['audit', 'verify', file])
  if (verified.status !== 0) faults.push(`audit verify: ${verified.output}`)
  return { faults, counts: { fsck_failed_count: failed.length } }
}

function plinth(root: string, args: string[]): { status: number | null; output: string } {
  const cli = join(repository, 'src', 'cli', 'main.ts')
  const done = spawnSync(process.execPath, [cli, ...args], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: root,
      PLINTH_DATA_DIR: join(root, 'data'),
      PLINTH_EMBEDDER: 'none',
      ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
    },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status: done.status, output: `${done.stdout}${done.stderr}` }
}

function failedChecks(output: string): unknown[] {
  try {
    const at = output.indexOf('{')
    const { checks } = JSON.parse(output.slice(at, output.lastIndexOf('}') + 1))
    return checks.filter((check: { result: string }) => check.result === 'failed')
  } catch {
    return [`no report: ${output.slice(0, 500)}`]
  }
}
