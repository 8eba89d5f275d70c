import { wiring } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'

/** Requests per second, and in a burst, above which API Gateway itself answers 429. */
const THROTTLE = { throttlingRateLimit: 50, throttlingBurstLimit: 100 }

/**
 * The routes of the wiring, all served by one function, which checks keys and signatures. Pages of other
 * sites may not call the API (no CORS). The access log records every call, without headers and bodies.
 */
export function createApi(functions: Functions): sst.aws.ApiGatewayV2 {
  const api = new sst.aws.ApiGatewayV2('Api', {
    cors: false,
    accessLog: { retention: '1 month' },
    transform: { stage: { defaultRouteSettings: THROTTLE } },
  })
  for (const route of [...wiring.routes.open, ...wiring.routes.guarded]) api.route(route, functions.api.arn)
  return api
}
