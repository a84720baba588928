// The import rule of ARCHITECTURE.md, over server, SDK and console; says how much it saw, since a checker that
// checks nothing passes silently.
import { cruiseTree, describe } from './imports.mjs'
import { root } from './install.mjs'

const fewestModules = 150
const { modules, violations } = await cruiseTree(root, [
  'src',
  'sdk/src',
  'console/src',
  'conformance',
])
for (const violation of violations) console.log(describe(violation))
console.log(`${modules.length} modules, ${violations.length} violations of the import rule`)
if (modules.length < fewestModules) {
  console.log(`Fewer than ${fewestModules} modules were seen: the checker does not check.`)
}
if (violations.length > 0 || modules.length < fewestModules) process.exitCode = 1
