import { z } from 'zod'

/** DNS-like: what can stand in a URL, a file name and a model name. */
export const resourceName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
    'lower-case letters, digits, "-" and ".", at most 63 characters',
  )

/** A resource of another kind, by name; `name@label` or `name@sha256:…` pins a version. */
export const reference = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]*(@[A-Za-z0-9:._-]+)?$/,
    'a resource name, optionally with @label or @digest',
  )

/** A secret is named, never written: the environment variable that holds it. */
export const secretReference = z.object({ env: z.string().regex(/^[A-Z][A-Z0-9_]*$/) }).strict()
