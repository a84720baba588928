/**
 * Every permission there is, with what it allows. Routes, CLI verbs and console actions declare one of these;
 * roles grant them. `*` in a role grants all.
 */
export const permissions = {
  'answers.ask': 'Ask an assistant; see the passages one may read',
  'conversations.read': 'Read one’s own conversations',
  'conversations.write': 'Rename, delete and export one’s own conversations; give feedback',
  'documents.read': 'List and open the documents one may read; search',
  'documents.write': 'Add, change and remove documents and run sources',
  'documents.unmask': 'See masked personal data in the clear (each act is audited)',
  'resources.read': 'Read resources, their history and differences',
  'resources.write': 'Create, change, label, roll back and delete resources',
  'roles.write': 'Change roles and who holds them',
  'traces.read': 'Read the traces of all questions and documents, and all calls of models',
  'audit.read': 'Read, export and verify the audit log',
  'people.read': 'List users, groups and service accounts',
  'people.write': 'Invite, change and disable users and groups',
  'keys.read': 'List API keys (never their secret part)',
  'keys.write': 'Create and revoke API keys',
  'models.use': 'Call models directly through the compatible APIs',
  'models.write':
    'Move models between stages, use those that are not approved, compare them, price past calls anew',
  'jobs.read': 'See running work and its progress',
  'jobs.write': 'Cancel and retry running work',
  'system.read': 'See the health of the server (doctor)',
  'metrics.read': 'Read the metrics of the server and of the organization’s calls',
  'system.write': 'Back up, restore and pull models',
} as const

export type Permission = keyof typeof permissions
export const allPermissions = Object.keys(permissions) as Permission[]
