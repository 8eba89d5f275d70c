/** A function: its handler, timeout and memory. The share of a processor grows with the memory. */
export type FunctionWiring = {
  readonly handler: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** The most invocations at once, so that nodes are not flooded. null: no limit. */
  readonly concurrency: number | null
  /** Files of packages to copy next to the bundle, under the same path. */
  readonly files?: readonly string[]
}

/** A queue: its link, the function that it feeds, and where failed messages go. */
export type QueueWiring = {
  readonly link: string
  readonly feeds: string
  readonly batchSize: number
  readonly visibilitySeconds: number
  /** How often a message is received before it goes to the dead-letter queue. */
  readonly maxReceives: number
  readonly deadLetterQueue: string
}

export type ScheduleWiring = { readonly feeds: string; readonly everySeconds: number }

/**
 * Which queue or schedule feeds which function. Both `local/` and `stacks/` follow this table. A queue's
 * visibility timeout is at least six times its function's timeout.
 */
export const wiring = {
  functions: {
    api: {
      handler: 'functions/api.handler',
      timeoutSeconds: 25,
      memoryMb: 512,
      concurrency: null,
      files: ['node_modules/swagger-ui-dist/swagger-ui-bundle.js', 'node_modules/swagger-ui-dist/swagger-ui.css'],
    },
    work: { handler: 'functions/work.handler', timeoutSeconds: 60, memoryMb: 512, concurrency: 8 },
    nodeEvents: {
      handler: 'functions/node-events.handler',
      timeoutSeconds: 20,
      memoryMb: 512,
      concurrency: 4,
    },
    webhooks: { handler: 'functions/webhooks.handler', timeoutSeconds: 40, memoryMb: 512, concurrency: 4 },
    reconcile: { handler: 'functions/reconcile.handler', timeoutSeconds: 55, memoryMb: 1024, concurrency: 1 },
  },
  queues: {
    work: {
      link: 'WorkQueue',
      feeds: 'work',
      batchSize: 10,
      visibilitySeconds: 360,
      maxReceives: 5,
      deadLetterQueue: 'work-dead',
    },
    nodeEvents: {
      link: 'NodeEventsQueue',
      feeds: 'nodeEvents',
      batchSize: 10,
      visibilitySeconds: 120,
      maxReceives: 10,
      deadLetterQueue: 'node-events-dead',
    },
    webhooks: {
      link: 'WebhooksQueue',
      feeds: 'webhooks',
      batchSize: 10,
      visibilitySeconds: 240,
      maxReceives: 5,
      deadLetterQueue: 'webhooks-dead',
    },
  },
  schedules: {
    reconcile: { feeds: 'reconcile', everySeconds: 60 },
  },
  /** The routes of the API. Open ones answer anybody; guarded ones require a key or a relay's signature. */
  routes: {
    open: [
      'GET /',
      'GET /dashboard.js',
      'GET /dashboard.css',
      'GET /docs',
      'GET /docs/{proxy+}',
      'GET /health',
      'GET /openapi.json',
    ],
    guarded: ['ANY /v1/{proxy+}'],
  },
} as const satisfies {
  readonly functions: Readonly<Record<string, FunctionWiring>>
  readonly queues: Readonly<Record<string, QueueWiring>>
  readonly schedules: Readonly<Record<string, ScheduleWiring>>
  readonly routes: { readonly open: readonly string[]; readonly guarded: readonly string[] }
}

export type FunctionName = keyof typeof wiring.functions
export type QueueName = keyof typeof wiring.queues
