// Runs dependency-cruiser with the rules of .dependency-cruiser.mjs over folders of a tree.
import { join, resolve } from 'node:path'
import { cruise } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import rules from '../.dependency-cruiser.mjs'

/** Gives the modules that were seen and the violations at severity error. `tree` is an absolute folder. */
export async function cruiseTree(tree, folders) {
  const options = rules.options
  const found = await cruise(
    folders,
    {
      ...options,
      baseDir: resolve(tree),
      validate: true,
      ruleSet: { forbidden: rules.forbidden },
    },
    { extensions: options.enhancedResolveOptions.extensions },
    { tsConfig: extractTsConfig(join(tree, 'tsconfig.json')) },
  )
  const { modules, summary } = found.output
  return {
    modules: modules.filter((m) => !m.coreModule && !m.source.includes('node_modules')),
    violations: summary.violations.filter((v) => v.rule.severity === 'error'),
    rules: rules.forbidden.map((r) => r.name),
  }
}

/** One violation with the comment of its rule, which says where the code belongs. */
export function describe({ from, to, rule }) {
  const comment = rules.forbidden.find((r) => r.name === rule.name)?.comment ?? ''
  return `${from}\n  imports ${to}\n  ${rule.name}: ${comment}\n`
}
