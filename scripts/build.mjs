// `npm run build`: the published package in dist/: compiled server, command line, SDK, migrations, console, samples.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import {
  ensureConsole,
  ensureInstalled,
  pinnedNode,
  root,
  run,
  runScript,
  ScriptError,
} from './install.mjs'

const dist = join(root, 'dist')
/** Beside the compiled code: what it reads from its own folder at run time, and what a package must carry. */
const copied = [
  'src/store/migrations',
  'console/dist',
  'samples',
  'bin/plinth.mjs',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
]

await runScript(async () => {
  await ensureInstalled()
  await ensureConsole()
  rmSync(dist, { recursive: true, force: true })
  const compiler = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc')
  const done = await run(pinnedNode, { args: [compiler, '-p', 'tsconfig.build.json'] })
  if (done.code !== 0) throw new ScriptError(done.output)
  for (const file of scriptsUnder(dist)) pointAtCompiled(file)
  for (const path of copied) {
    if (!existsSync(join(root, path))) continue
    mkdirSync(dirname(join(dist, path)), { recursive: true })
    cpSync(join(root, path), join(dist, path), { recursive: true })
  }
  bundleSdk()
  writePackage()
  console.log('Built the package in dist/. Pack it with: npm pack ./dist')
})

function scriptsUnder(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name))
}

/** Workers and children are named by URL, which the compiler does not rewrite. */
function pointAtCompiled(file) {
  const text = readFileSync(file, 'utf8')
  const changed = text.replace(/(new URL\(\s*'\.{1,2}\/[^']+)\.ts'/g, "$1.js'")
  if (changed !== text) writeFileSync(file, changed)
}

/** The SDK is a workspace here; the package carries it as a bundled dependency. */
function bundleSdk() {
  const home = join(dist, 'node_modules', '@plinth', 'sdk')
  mkdirSync(home, { recursive: true })
  renameSync(join(dist, 'sdk', 'src'), join(home, 'src'))
  rmSync(join(dist, 'sdk'), { recursive: true })
  const sdk = readPackage('sdk/package.json')
  sdk.exports = withCompiledPaths(sdk.exports)
  writeFileSync(join(home, 'package.json'), `${JSON.stringify(sdk, null, 2)}\n`)
}

function writePackage() {
  const { name, version, description, license, type, engines, dependencies, imports, bin } =
    readPackage('package.json')
  const published = {
    ...{ name, version, description, license, type, engines, bin },
    imports: withCompiledPaths(imports),
    dependencies: { ...dependencies, '@plinth/sdk': readPackage('sdk/package.json').version },
    bundleDependencies: ['@plinth/sdk'],
  }
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
}

function readPackage(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

function withCompiledPaths(entries) {
  return Object.fromEntries(
    Object.entries(entries).map(([key, path]) => [key, path.replace(/\.ts$/, '.js')]),
  )
}
