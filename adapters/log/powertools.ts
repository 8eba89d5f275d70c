import { Logger } from '@aws-lambda-powertools/logger'
import { MetricUnit, Metrics } from '@aws-lambda-powertools/metrics'
import type { ServiceTelemetry } from './telemetry.ts'

const SERVICE = 'splicekeeper'

/**
 * Structured logs and CloudWatch metrics. Events, requests and error texts are never logged verbatim: they
 * may hold secrets. An alarm is an error in the log, and counts in the namespace's metric `alarm`, which the
 * CloudWatch alarms watch.
 */
export function powertoolsTelemetry(namespace: string): ServiceTelemetry {
  const logger = new Logger({ serviceName: SERVICE })
  const metrics = new Metrics({ serviceName: SERVICE, namespace })
  return {
    count: (name, value = 1) => void metrics.addMetric(name, MetricUnit.Count, value),
    info: (message, fields) => logger.info(message, fields),
    alarm(message, fields) {
      logger.error(message, fields)
      metrics.addMetric('alarm', MetricUnit.Count, 1)
    },
    flush() {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics()
    },
  }
}
