import { wiring } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'

/** Requests a second, and at once, before API Gateway answers 429 by itself. */
const THROTTLE = { throttlingRateLimit: 50, throttlingBurstLimit: 100 }

/**
 * One function behind the routes of the wiring: keys and signatures are checked there. No other site's pages may call it
 * (CORS), and who called what is logged, without headers and bodies.
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
