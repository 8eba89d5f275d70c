/** A function: the export that is called, how long it may take, and its memory, with which its share of a processor grows. */
export type FunctionWiring = {
  readonly handler: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** Invocations at once, so that no node is flooded; null: as many as there are requests. */
  readonly concurrency: number | null
  /** Files of packages that are not in the bundle, and lie beside it under the same path. */
  readonly files?: readonly string[]
}

/** A queue: its link, the function that it feeds, and what becomes of messages that are not dealt with. */
export type QueueWiring = {
  readonly link: string
  readonly feeds: string
  readonly batchSize: number
  readonly visibilitySeconds: number
  /** Receives before a message goes to the dead-letter queue. */
  readonly maxReceives: number
  readonly deadLetterQueue: string
}

export type ScheduleWiring = { readonly feeds: string; readonly everySeconds: number }

/**
 * What feeds what: the one table for this machine and for what is deployed. A queue hides a message for at least six times
 * as long as its function may take.
 */
export const wiring = {
  functions: {
    api: {
      handler: 'functions/api.handler',
      timeoutSeconds: 25,
      memoryMb: 512,
      concurrency: null,
      files: [
        'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
        'node_modules/swagger-ui-dist/swagger-ui.css',
      ],
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
  /** What the API's function is reached by. Open ones answer anybody; behind the others a key or a signature is asked for. */
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
