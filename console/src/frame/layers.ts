import {
  Activity,
  Blocks,
  BookOpenText,
  Cpu,
  type LucideIcon,
  MessageSquareText,
  ScrollText,
  UsersRound,
} from 'lucide-react'

export interface Layer {
  to: string
  label: string
  icon: LucideIcon
  /** Where this layer's objects have an address of their own. */
  also?: string
  /** Second key after `g`. */
  key: string
  /** Any of these opens the page. */
  permissions: string[]
}

/** The pages by the names of the platform's layers, in the order people meet them. */
export const layers: Layer[] = [
  { to: '/ask', label: 'Ask', icon: MessageSquareText, key: 'a', permissions: ['answers.ask'] },
  {
    to: '/knowledge',
    label: 'Knowledge',
    icon: BookOpenText,
    also: '/documents',
    key: 'k',
    permissions: ['documents.read'],
  },
  {
    to: '/activity',
    label: 'Activity',
    icon: Activity,
    key: 't',
    permissions: ['traces.read', 'answers.ask'],
  },
  {
    to: '/models/usage',
    label: 'Models',
    icon: Cpu,
    also: '/models',
    key: 'm',
    permissions: ['models.use', 'traces.read'],
  },
  { to: '/audit', label: 'Audit', icon: ScrollText, key: 'u', permissions: ['audit.read'] },
  { to: '/resources', label: 'Resources', icon: Blocks, key: 'r', permissions: ['resources.read'] },
  {
    to: '/people',
    label: 'People and keys',
    icon: UsersRound,
    key: 'p',
    permissions: ['people.read', 'keys.read'],
  },
]
