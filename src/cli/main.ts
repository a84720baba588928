import { runCli } from './run.ts'
import { processIo } from './terminal.ts'

/** The composition root is heavy: it is loaded by the verbs that work without a server, and by no other. */
const local = async () => (await import('#wiring')).openLocalWork(process.env)

process.exitCode = await runCli(process.argv.slice(2), processIo(local))
