import { Command, CommanderError } from 'commander'
import { toPlinthError } from '#kernel'
import { Ended, errorText, exitFor, shownOf } from './errors.ts'
import { exits } from './exits.ts'
import type { CliIo } from './io.ts'
import { type Verb, VerbCall } from './verb.ts'
import { verbs } from './verbs/index.ts'

/** Runs one command line (without `node` and the script) and returns its exit code. Throws nothing. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const json = argv.includes('--json')
  let ended: keyof typeof exits = 'ok'
  const program = programOf(io, async (verb, args, options) => {
    ended = await runVerb(verb, new VerbCall(io, args, options))
  })
  try {
    if (argv.length === 0) program.help()
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end parsing, too.
    if (error.exitCode === 0) return exits.ok.code
    if (argv.length === 0 || error.code === 'commander.help') return exits.usage.code
    io.err(errorText(shownOf(error), json))
    return exits.usage.code
  }
  return exits[ended].code
}

async function runVerb(verb: Verb, call: VerbCall): Promise<keyof typeof exits> {
  try {
    return await verb.run(call)
  } catch (thrown) {
    const error = call.explained(thrown)
    call.progress.clear()
    if (!(error instanceof Ended)) {
      const shown = shownOf(error)
      call.io.err(errorText(shown, call.json))
      if (shown.code === 'INTERNAL' && call.io.env.PLINTH_LOG_LEVEL === 'debug') {
        call.io.err(`${toPlinthError(error).stack ?? ''}\n${(error as Error)?.stack ?? ''}\n`)
      }
    }
    return exitFor(error)
  } finally {
    call.progress.clear()
  }
}

type Action = (verb: Verb, args: unknown[], options: Record<string, unknown>) => Promise<void>

/** The commander program of the table of verbs. */
function programOf(io: CliIo, action: Action): Command {
  const program = new Command('plinth')
    .description('Governed documents in, cited answers out, provable afterwards.')
    .option('--url <url>', 'the server (default: PLINTH_URL, else the one that runs here)')
    .option('--key <key>', 'API key (default: PLINTH_API_KEY, else the key file that runs here)')
    .option('--json', 'one JSON object, or one a line, instead of text')
    .version(io.version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out(text),
      writeErr: (text) => io.err(text),
      // Errors are printed in one form by runCli.
      outputError: () => undefined,
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes and examples: docs/use/cli.md')
  for (const verb of verbs) addVerb(program, verb, action)
  return program
}

function addVerb(program: Command, verb: Verb, action: Action): void {
  const words = verb.name.split(' ')
  const parent = words.length > 1 ? groupOf(program, words[0] ?? '') : program
  const command = parent
    .command(words.at(-1) ?? '')
    .description(verb.summary)
    .addHelpText('after', `\n${needsText(verb)}`)
    .copyInheritedSettings(program)
  verb.define?.(command)
  command.action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command
    await action(verb, given.slice(0, -2), self.optsWithGlobals())
  })
}

const groups: Readonly<Record<string, string>> = {
  documents: 'Documents that can be answered from',
  jobs: 'Work that runs in the background',
  keys: 'API keys',
  users: 'People',
  audit: 'The audit log: list, export, verify',
  models: 'Embedding models of this machine',
  eval: 'Measure answers',
}

function groupOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name)
  if (known) return known
  return program
    .command(name)
    .description(groups[name] ?? name)
    .copyInheritedSettings(program)
}

/** What a verb needs, in words. */
export function needsText(verb: Verb): string {
  if (verb.needs === 'files') return 'Works on files of this machine; needs no permission.'
  return `Needs the permission ${verb.needs.join(', ')}.`
}
