import type { IncomingMessage, ServerResponse } from "node:http";
import { metrics, type Meter } from "@opentelemetry/api";
import { checkSettings, sampledCheckSettings, type CheckOptions, type SampledCheckOptions } from "./check-options.ts";
import { Check } from "./check.ts";
import { systemClock, type HealthClock } from "./health-clock.ts";
import { observeHealth } from "./health-metrics.ts";
import { resultProbe, sampleProbe } from "./probes.ts";
import { checkedThreshold } from "./threshold.ts";
import { healthReport, type HealthReport, type ReportSource } from "./report.ts";

/** How the health of a service is told. */
export interface HealthOptions {
  /** Name of the service in the report and in the metrics. */
  readonly service: string;
  /** HTTP status of the handler while the service is DEGRADED; default 200, so that load balancers go on sending. */
  readonly degradedStatus?: number;
  /** Where the metrics `health.status` and `health.check.value` are made; default: of the global OpenTelemetry API, as it is now. */
  readonly meter?: Meter;
  /** Default: the clock of the machine. */
  readonly clock?: HealthClock;
}

/** The health of a service. Its functions need no `this`. */
export interface Health {
  /** Starts a check; the first run is at once. Returns what takes it away again. @throws TypeError when an option does not fit; Error when the name is taken, or after shutdown. */
  readonly registerCheck: (check: CheckOptions) => () => void;
  /** The same for a number that is held against a threshold. @throws TypeError also when there is no threshold. */
  readonly registerSampledCheck: (check: SampledCheckOptions) => () => void;
  /** What is known now; it runs no check. */
  readonly report: () => HealthReport;
  /** Answers a request of `node:http` with the report: 200, `degradedStatus`, or 503 while the service is DOWN. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Ends all checks and metrics. The report says DOWN from now on, so that no new traffic comes while the service ends. */
  readonly shutdown: () => void;
}

/** Runs the health checks of a service, and tells what they come to. @throws TypeError when an option does not fit. */
export function createHealth(options: HealthOptions): Health {
  const { service, degradedStatus = 200, clock = systemClock, meter = metrics.getMeter("@tidemark/sdk") } = options;
  if (typeof service !== "string" || service === "") throw new TypeError("service is empty; give the name of the service, such as chat");
  if (!Number.isInteger(degradedStatus) || degradedStatus < 200 || degradedStatus > 599)
    throw new TypeError(`degradedStatus is ${String(degradedStatus)}; give an HTTP status from 200 to 599`);
  const checks = new Map<string, Check>();
  const createdAt = clock.now();
  let isShutDown = false;
  const source = (): ReportSource => ({ service, checks: [...checks.values()], isShutDown, uptimeMs: clock.now() - createdAt });
  const stopObserving = observeHealth(meter, source);

  const register = (check: Check): (() => void) => {
    const { name } = check.settings;
    if (isShutDown) throw new Error(`health check "${name}" comes after shutdown; register it before`);
    if (checks.has(name)) throw new Error(`there is a health check "${name}" already; choose another name, or take the first one away`);
    checks.set(name, check);
    check.start();
    return () => {
      check.stop();
      if (checks.get(name) === check) checks.delete(name);
    };
  };
  return {
    registerCheck: (check) => register(new Check(checkSettings(check), resultProbe(check), clock)),
    registerSampledCheck: (check) => {
      const settings = sampledCheckSettings(check);
      const threshold = checkedThreshold(settings.name, check.threshold);
      return register(new Check(settings, sampleProbe(check, threshold), clock, threshold));
    },
    report: () => healthReport(source()),
    handler: (_, response) => answer(response, healthReport(source()), degradedStatus),
    shutdown: () => {
      isShutDown = true;
      stopObserving();
      for (const check of checks.values()) check.stop();
    },
  };
}

function answer(response: ServerResponse, report: HealthReport, degradedStatus: number): void {
  const status = report.status === "UP" ? 200 : report.status === "DOWN" ? 503 : degradedStatus;
  const body = JSON.stringify(report);
  response
    .writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    })
    .end(body);
}
