// Who may import whom. Each rule's comment tells the one who broke it where the code belongs.

const tests = '\\.(test|fixture)\\.ts$|/test-files/'
/** What starts a process, and so builds its world. The command line does for the verbs that work without a server. */
const starters = '^src/(wiring/|main\\.ts$|cli/main\\.ts$)'
/** Lowest first. A module imports only what stands in an earlier line, and never its neighbour in the same line. */
const layers = [
  ['kernel'],
  ['ports'],
  ['store'],
  ['governance'],
  ['data', 'models', 'ops'],
  ['agents'],
  ['apps'],
  ['api', 'cli'],
]
const belongs = {
  kernel: 'The kernel is vocabulary without I/O: hand it what it needs, or move the code up.',
  ports: 'A port says what we ask of the outside: describe the shape here, build it elsewhere.',
  store: 'The store knows rows, not policy: take the decision above and hand it down.',
  governance: 'Governance is asked by the layers above and knows none of them: hand it a function.',
  data: 'Data is handed what it needs (an embedder port, a recorder); it never imports a neighbour.',
  models: 'The model hub knows models only: what a question means belongs in apps.',
  ops: 'Ops records and measures: it is handed the function to evaluate, and imports no app.',
  agents: 'Orchestration stands below the apps: hand it what the app knows.',
  apps: 'A use case knows no door: what is HTTP belongs in api, what is a terminal in cli.',
  api: 'The HTTP surface is wired by src/wiring: an adapter or the command line cannot be imported here.',
  cli: 'The command line talks to a server through sdk; what both need belongs in apps.',
}

function downwards() {
  const rules = []
  layers.forEach((layer, index) => {
    for (const name of layer) {
      const above = [...layers.slice(index).flat(), 'wiring', 'adapters'].filter((m) => m !== name)
      rules.push({
        name: `${name}-imports-downwards`,
        comment: belongs[name],
        severity: 'error',
        from: { path: `^src/${name}/`, pathNot: `${tests}|${starters}` },
        to: { path: `^src/(${above.join('|')})/|^src/main\\.ts$` },
      })
    }
  })
  return rules
}

const own = [
  {
    name: 'adapters-import-kernel-and-ports',
    comment:
      'An adapter implements a port: it knows #kernel, #ports and its own library. Policy belongs in a wrapper in wiring.',
    severity: 'error',
    from: { path: '^src/adapters/', pathNot: tests },
    to: { path: '^src/(?!adapters/|kernel/|ports/)' },
  },
  {
    name: 'adapters-know-no-other-port',
    comment:
      'One folder per port: what two ports need is a port of its own (see ports/outbound.ts), handed in by wiring. Of another port only the same vendor may be used, and how HTTP models are spoken to.',
    severity: 'error',
    from: { path: '^src/adapters/([^/]+)/([^/]+)', pathNot: tests },
    to: {
      path: '^src/adapters/([^/]+)/',
      pathNot: '^src/adapters/($1/|[^/]+/$2/|models/[^/]+\\.ts$)',
    },
  },
  {
    name: 'only-wiring-imports-adapters',
    comment: 'Only src/wiring builds adapters: ask for the port and let wiring hand it down.',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/(wiring|adapters)/|${tests}` },
    to: { path: '^src/adapters/' },
  },
  {
    name: 'only-main-imports-wiring',
    comment:
      'The composition root is used by what starts a process: main.ts, and cli/main.ts for work without a server.',
    severity: 'error',
    from: { path: '^src/', pathNot: `${starters}|${tests}` },
    to: { path: '^src/wiring/' },
  },
  {
    name: 'settings-are-handed-down',
    comment: 'Settings are read once, by main, wiring and cli: take the value as a parameter.',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/(main\\.ts$|wiring/|cli/|config\\.ts$)|${tests}` },
    to: { path: '^src/config\\.ts$' },
  },
  {
    name: 'settings-import-only-the-kernel',
    comment: 'config.ts describes settings; what they build belongs in wiring.',
    severity: 'error',
    from: { path: '^src/config\\.ts$' },
    to: { path: '^src/(?!kernel/)' },
  },
  {
    name: 'modules-meet-at-their-entry',
    comment:
      'Another module is imported as #name, its index.ts: export there what others may use; a deep or relative path is private.',
    severity: 'error',
    from: { path: '^src/([^/]+)/', pathNot: tests },
    to: {
      path: '^src/',
      pathNot: '^src/$1/',
      dependencyTypesNot: ['aliased-subpath-import'],
    },
  },
  {
    name: 'kernel-does-no-io',
    comment:
      'The kernel is vocabulary without I/O: what touches disk, network or processes is an adapter.',
    severity: 'error',
    from: { path: '^src/kernel/', pathNot: tests },
    to: {
      dependencyTypes: ['core'],
      path: '^(node:)?(fs|net|http|https|http2|dns|tls|dgram|child_process|worker_threads|cluster)(/|$)',
    },
  },
  {
    name: 'production-imports-no-test',
    comment: 'What tests need stays with the tests; move what production needs into src.',
    severity: 'error',
    from: { path: '^(src|sdk/src|console/src)/', pathNot: tests },
    to: { path: `^(test|bench|conformance|scripts)/|${tests}` },
  },
  {
    name: 'no-circles',
    comment:
      'Two files that need each other are one thing, or a third is missing: move what both need there.',
    severity: 'error',
    from: { path: '^(src|sdk/src|console/src)/', pathNot: tests },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'sdk-stands-alone',
    comment: 'The SDK has no dependencies and knows the server by its HTTP contract only.',
    severity: 'error',
    from: { path: '^sdk/src/', pathNot: tests },
    to: { pathNot: '^sdk/src/' },
  },
  {
    name: 'console-talks-through-the-sdk',
    comment:
      'The console reaches the server through @plinth/sdk only: add what is missing to the SDK.',
    severity: 'error',
    from: { path: '^console/' },
    to: { path: '^(src|conformance|test|bench)/' },
  },
  {
    name: 'server-knows-no-console',
    comment:
      'The server serves console/dist as files. The SDK is for clients: only cli uses it in src.',
    severity: 'error',
    from: { path: '^src/', pathNot: `^src/cli/|${tests}` },
    to: { path: '^(console|sdk)/' },
  },
  {
    name: 'kits-know-ports-only',
    comment: 'A conformance kit is published for authors of adapters: it knows #kernel and #ports.',
    severity: 'error',
    from: { path: '^conformance/' },
    to: { path: '^src/(?!kernel/|ports/)' },
  },
  {
    name: 'imports-resolve',
    comment:
      'This import leads nowhere: check its spelling, or declare the dependency in package.json.',
    severity: 'error',
    from: { path: '^(src|sdk/src|conformance)/' },
    to: { couldNotResolve: true },
  },
]

export default {
  forbidden: [...downwards(), ...own],
  options: {
    // Types count: a type from above is knowledge of above.
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '(^|/)dist/' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.mts', '.mjs', '.js', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
