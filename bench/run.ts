import { BenchError } from './harness/options.ts'

/**
 * `npm run bench -- NAME [options] [--json FILE]`: measures this machine, prints a table, and with `--json` writes one
 * flat object (or `rows` of them) whose keys end in their unit. `docs/benchmarks.md` explains each and holds the figures.
 */
const benches: Record<string, { about: string; load(): Promise<{ run: Bench }> }> = {
  retrieval: {
    about:
      '--data <BEIR folder> [--split train|test|dev] [--embedder NAME|none] [--limit-queries N]',
    load: () => import('./retrieval/run.ts'),
  },
  ingest: {
    about: '--data <folder of PDFs> [--pages 500] [--embedder NAME|none]',
    load: () => import('./ingest/run.ts'),
  },
  answer: {
    about:
      '[--chunks 10000] [--clients 16] [--seconds 20] [--questions 3000] [--embedder NAME|none]',
    load: () => import('./answer/run.ts'),
  },
  start: {
    about: '[--from <repository>] [--reuse-packages] [--rest-seconds 90]',
    load: () => import('./start/run.ts'),
  },
  gateway: {
    about:
      '[--peers portkey,nginx] [--clients 1,32,128] [--modes json,sse,long] [--seconds 3] [--repeats 3] [--masking]',
    load: () => import('./gateway/run.ts'),
  },
  crash: {
    about: '[--kills 200] [--seed 1] [--longest-ms 5000]',
    load: () => import('./crash/run.ts'),
  },
}

type Bench = (args: string[]) => Promise<void>

const [name, ...args] = process.argv.slice(2)
const bench = name === undefined ? undefined : benches[name]
if (!bench) {
  console.log('Usage: npm run bench -- NAME [options] [--json FILE]\n')
  for (const [each, { about }] of Object.entries(benches)) console.log(`  ${each} ${about}`)
  process.exit(name === undefined ? 0 : 64)
}
try {
  await (await bench.load()).run(args)
  process.exit(process.exitCode ?? 0)
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  console.error(error.message)
  process.exit(64)
}
