import type { TelemetryConfig } from "@tidemark/config";
import type { Clock, LogFields, Logger } from "@tidemark/core";
import { formatJson, formatLine } from "./format.ts";
import { LEVELS, type LogLevel, type LogSink } from "./log-event.ts";
import { LogSampler } from "./log-sampler.ts";

type LogsConfig = TelemetryConfig["logs"];

/** Makes loggers by `service::telemetry::logs`: one for each component, named by its key. Every line carries `own` fields too. */
export function createLogging(config: LogsConfig, clock: Clock, sink: LogSink, own?: LogFields): (component: string) => Logger {
  const lowest = LEVELS.indexOf(lowestLevel(config.level));
  const sampler = config.sampling.enabled ? new LogSampler(config.sampling, clock) : undefined;
  const write = (level: LogLevel, component: string, message: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(level) < lowest) return;
    if (sampler !== undefined && !sampler.allows(`${level} ${component} ${message}`)) return;
    const { stack, ...others } = fields;
    const kept = config.disable_stacktrace || stack === undefined ? others : fields;
    const event = { time: clock.now(), level, component, message, fields: own === undefined ? kept : { ...kept, ...own } };
    sink(config.encoding === "json" ? formatJson(event, config.initial_fields) : formatLine(event));
  };
  return (component) => ({
    debug: (message, fields) => write("debug", component, message, fields),
    info: (message, fields) => write("info", component, message, fields),
    warn: (message, fields) => write("warn", component, message, fields),
    error: (message, fields) => write("error", component, message, fields),
  });
}

function lowestLevel(level: LogsConfig["level"]): LogLevel {
  switch (level) {
    case "DEBUG":
      return "debug";
    case "INFO":
      return "info";
    case "WARN":
      return "warn";
    default:
      return "error";
  }
}
