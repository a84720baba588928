import { allPermissions, type Permission, type ResourceSpec } from '#kernel'
import type { ResourceInput } from '#store'

const asking: Permission[] = [
  'answers.ask',
  'conversations.read',
  'conversations.write',
  'documents.read',
]
const building: Permission[] = [
  ...asking,
  'resources.read',
  'models.use',
  'keys.read',
  'keys.write',
]

/** The roles of an AI programme, as every organization starts with them. Stored as resources, so they can be changed. */
export const builtInRoles: Record<string, ResourceSpec<'Role'>> = {
  owner: {
    description:
      'May do everything. Cannot be weakened or deleted; an organization keeps at least one.',
    permissions: ['*'],
  },
  'product-owner': {
    description: 'Owns a use case: its knowledge, prompts, assistants and what comes of them.',
    permissions: [
      ...building,
      'documents.write',
      'resources.write',
      'traces.read',
      'people.read',
      'jobs.read',
    ],
  },
  'data-engineer': {
    description: 'Brings documents in and keeps them right: sources, ingestion, metadata.',
    permissions: [
      ...building,
      'documents.write',
      'resources.write',
      'traces.read',
      'jobs.read',
      'jobs.write',
    ],
  },
  'ml-engineer': {
    description: 'Chooses and measures models, prompts and retrieval.',
    permissions: [
      ...building,
      'resources.write',
      'models.write',
      'traces.read',
      'jobs.read',
      'jobs.write',
    ],
  },
  platform: {
    description: 'Runs the server: providers, people, keys, backups, health.',
    permissions: [
      ...building,
      'resources.write',
      'people.read',
      'people.write',
      'jobs.read',
      'jobs.write',
      'system.read',
      'metrics.read',
      'system.write',
    ],
  },
  security: {
    description: 'Watches over rights, personal data and the audit log.',
    permissions: [
      ...building,
      'documents.unmask',
      'roles.write',
      'traces.read',
      'audit.read',
      'people.read',
      'people.write',
      'jobs.read',
      'system.read',
    ],
  },
  member: {
    description: 'Asks, reads what they may read, and builds on the API with their own keys.',
    permissions: building,
  },
  viewer: {
    description: 'Asks, and reads what they may read.',
    permissions: asking,
  },
}

/** Roles, and the built-in model that answers without any other: what a new organization needs to work. */
export function builtInResources(): ResourceInput[] {
  return [
    ...Object.entries(builtInRoles).map(([name, spec]) => ({ kind: 'Role', name, spec })),
    { kind: 'Provider', name: 'extractive', spec: { protocol: 'extractive' } },
    {
      kind: 'Model',
      name: 'extractive',
      spec: { provider: 'extractive', upstreamModel: 'extractive' },
    },
  ]
}

/** The permissions of a stored role: `*` is all of them, words that this Plinth does not know grant nothing. */
export function permissionsOf(spec: unknown): Permission[] {
  const listed = (spec as { permissions?: unknown } | null)?.permissions
  if (!Array.isArray(listed)) return []
  if (listed.includes('*')) return allPermissions
  return allPermissions.filter((permission) => listed.includes(permission))
}
