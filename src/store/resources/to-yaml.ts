import { stringify } from 'yaml'
import { type Resource, type ResourceKind, resourceKinds } from '#kernel'
import { inSchemaOrder } from './schema-walk.ts'

/** A resource as text that `plinth apply` takes back unchanged: keys in the schema's order, defaults written out. */
export function toYaml(resource: {
  kind: string
  name: string
  project: string
  spec: unknown
}): string {
  const schema = resourceKinds[resource.kind as ResourceKind]
  const { kind, name, project } = resource
  const spec = inSchemaOrder(resource.spec, schema)
  return stringify({ kind, name, project, spec }, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** Several resources as one file of several documents. */
export function toYamlFile(resources: readonly Resource[]): string {
  return resources.map(toYaml).join('---\n')
}
