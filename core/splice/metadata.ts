import * as z from 'zod'

/** A client's own data: text under any names. Not `z.record`, which drops the name `__proto__`. */
export const Metadata = z
  .custom<Record<string, string>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object whose values are text',
  )
  .superRefine((metadata, context) => {
    for (const [name, value] of Object.entries<unknown>(metadata))
      if (typeof value !== 'string') context.addIssue({ code: 'custom', path: [name], message: 'must be text' })
  })
  .overwrite((metadata) => ({ ...metadata }))
