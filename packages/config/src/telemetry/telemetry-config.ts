import { durationField } from "@tidemark/core";
import { z } from "zod";

/** Says of a field that who writes it is warned: there is nothing here that it could act on. `why` is a sentence. */
function noEffect<T>(why: string, example: T): { readonly description: string; readonly examples: readonly [T]; readonly noEffect: true } {
  return { description: `Accepted for the Collector's sake and changes nothing here: ${why}`, examples: [example], noEffect: true };
}

const sampling = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Whether equal log lines are thinned out.", examples: [false] }),
    tick: durationField()
      .prefault("10s")
      .meta({ description: "Length of the window in which equal lines are counted.", examples: ["10s"] }),
    initial: z
      .int()
      .min(0)
      .default(10)
      .meta({ description: "Equal lines that are written in each window.", examples: [10] }),
    thereafter: z
      .int()
      .min(0)
      .default(100)
      .meta({ description: "After that every n-th equal line is written.", examples: [100] }),
  })
  .prefault({})
  .meta({ description: "Thins out equal log lines.", examples: [{ enabled: false }] });

const logs = z
  .strictObject({
    level: z
      .string()
      .toUpperCase()
      .pipe(z.enum(["DEBUG", "INFO", "WARN", "ERROR", "DPANIC", "PANIC", "FATAL"]))
      .prefault("INFO")
      .meta({ description: "Lowest level that is written; case does not matter.", examples: ["debug"] }),
    encoding: z
      .enum(["console", "json"])
      .default("console")
      .meta({ description: "Lines for people, or one JSON object a line.", examples: ["json"] }),
    development: z.boolean().default(false).meta(noEffect("the log is the same in both.", true)),
    sampling,
    output_paths: z
      .array(z.string())
      .default(["stderr"])
      .meta({ description: "Where log lines go: stderr, stdout or files.", examples: [["stdout"]] }),
    error_output_paths: z
      .array(z.string())
      .default(["stderr"])
      .meta({
        description: "Where it is said that log lines cannot be written, as on a full disk: stderr, stdout or files.",
        examples: [["stderr"]],
      }),
    disable_caller: z
      .boolean()
      .default(false)
      .meta({
        description: "As in the Collector; true is what always holds here: lines never name the place in the code.",
        examples: [true],
      }),
    disable_stacktrace: z
      .boolean()
      .default(false)
      .meta({ description: "Leaves out the stack trace of unexpected errors; other lines have none.", examples: [true] }),
    initial_fields: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({ description: "Fields on every line.", examples: [{ zone: "eu-1" }] }),
    disable_zap_resource: z
      .boolean()
      .default(false)
      .meta({ description: "Accepted as in the Collector; lines never carry the resource.", examples: [true] }),
    processors: z.array(z.unknown()).default([]).meta(noEffect("the collector's own log goes to `output_paths` only.", [])),
  })
  .prefault({})
  .meta({ description: "The collector's own log.", examples: [{ level: "debug" }] });

const prometheus = z.strictObject({
  host: z
    .string()
    .default("localhost")
    .meta({ description: "Address to listen on.", examples: ["0.0.0.0"] }),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(8888)
    .meta({ description: "Port to listen on.", examples: [8888] }),
  without_scope_info: z
    .boolean()
    .default(true)
    .meta({ description: "Leaves the scope labels out.", examples: [false] }),
  without_units: z
    .boolean()
    .default(true)
    .meta({ description: "Leaves units out of metric names.", examples: [false] }),
  without_type_suffix: z
    .boolean()
    .default(true)
    .meta({ description: "Leaves _total out of counter names.", examples: [false] }),
  with_resource_constant_labels: z
    .strictObject({
      included: z
        .array(z.string())
        .default([])
        .meta({ description: "Resource attributes that become labels; * stands for any text.", examples: [["service*"]] }),
      excluded: z
        .array(z.string())
        .default([])
        .meta({ description: "Exceptions from `included`.", examples: [["service.version"]] }),
    })
    .optional()
    .meta({ description: "Resource attributes that every series carries.", examples: [{ included: ["service*"] }] }),
});

const otlpPush = z.strictObject({
  protocol: z
    .string()
    .default("http/protobuf")
    .meta({ description: "http/protobuf, http/json or grpc.", examples: ["grpc"] }),
  endpoint: z
    .string()
    .optional()
    .meta({ description: "Where to send to.", examples: ["http://localhost:4318"] }),
  headers: z
    .union([z.record(z.string(), z.string()), z.array(z.strictObject({ name: z.string(), value: z.string() }))])
    .optional()
    .meta({ description: "Headers of each request.", examples: [[{ name: "api-key", value: "…" }]] }),
  insecure: z
    .boolean()
    .optional()
    .meta({ description: "Plain text instead of TLS.", examples: [true] }),
  timeout: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "Time for one request, in milliseconds.", examples: [10_000] }),
  temporality_preference: z
    .enum(["cumulative", "delta", "low_memory"])
    .optional()
    .meta({ description: "Temporality of what is sent.", examples: ["delta"] }),
});

const reader = z
  .strictObject({
    pull: z
      .strictObject({
        exporter: z.strictObject({
          prometheus: prometheus.prefault({}).meta({ description: "A Prometheus scrape endpoint.", examples: [{ port: 8888 }] }),
        }),
      })
      .optional()
      .meta({ description: "Metrics that others fetch.", examples: [{ exporter: { prometheus: { port: 8888 } } }] }),
    periodic: z
      .strictObject({
        interval: z
          .int()
          .min(1)
          .default(60_000)
          .meta({ description: "Time between two exports, in milliseconds.", examples: [10_000] }),
        timeout: z
          .int()
          .min(1)
          .default(30_000)
          .meta({ description: "Time for one export, in milliseconds.", examples: [5000] }),
        exporter: z.strictObject({
          otlp: otlpPush.optional().meta({ description: "Sends by OTLP.", examples: [{ endpoint: "http://localhost:4318" }] }),
          console: z
            .strictObject({})
            .optional()
            .meta({ description: "Prints to stdout.", examples: [{}] }),
        }),
      })
      .optional()
      .meta(noEffect("nothing is sent; scrape a pull reader instead.", { exporter: { console: {} } })),
  })
  .superRefine((value, context) => {
    if ((value.pull === undefined) === (value.periodic === undefined))
      context.addIssue({ code: "custom", message: "a reader is either pull or periodic; write exactly one of the two" });
  });

const level = z
  .string()
  .toLowerCase()
  .pipe(z.enum(["none", "basic", "normal", "detailed"]))
  .prefault("normal");

const DEFAULT_READER = { pull: { exporter: { prometheus: {} } } };

const metrics = z
  .strictObject({
    level: level.meta({
      description: "`none` switches the collector's own metrics off; the other levels are the same here.",
      examples: ["detailed"],
    }),
    readers: z
      .array(reader)
      .prefault([DEFAULT_READER])
      .meta({ description: "Ways by which the metrics leave.", examples: [[DEFAULT_READER]] }),
    views: z.array(z.unknown()).optional().meta(noEffect("views change no metric; they need level detailed.", [])),
  })
  .superRefine((value, context) => {
    if (value.views !== undefined && value.level !== "detailed")
      context.addIssue({ code: "custom", path: ["views"], message: "views need level detailed; set level: detailed or take views away" });
  })
  .prefault({})
  .meta({
    description: "The collector's own metrics.",
    examples: [{ level: "detailed" }],
    notHere: { address: "use readers: [{ pull: { exporter: { prometheus: { host: localhost, port: 8888 } } } }]" },
  });

const traces = z
  .strictObject({
    level: level.meta({
      description: "Accepted as in the Collector; the collector makes no traces of its own.",
      examples: ["none"],
    }),
    propagators: z
      .array(z.enum(["tracecontext", "b3"]))
      .default([])
      .meta(noEffect("the collector makes no traces of its own.", ["tracecontext"])),
    processors: z.array(z.unknown()).default([]).meta(noEffect("the collector makes no traces of its own.", [])),
  })
  .prefault({})
  .meta({
    description: "Accepted for the sake of the Collector's files: the collector makes no traces of its own.",
    examples: [{ propagators: ["tracecontext"] }],
  });

/** `service::telemetry` with the Collector's names and defaults (otelconftelemetry). Durations are parsed to milliseconds. */
export const telemetrySchema: z.ZodType<TelemetryConfig> = z.strictObject({
  logs,
  metrics,
  resource: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .default({})
    .meta({
      description: "Attributes of the collector's own telemetry; null takes a default away.",
      examples: [{ "service.name": "edge" }],
    }),
  traces,
});

/** Parsed `service::telemetry`. */
export interface TelemetryConfig {
  readonly logs: z.output<typeof logs>;
  readonly metrics: z.output<typeof metrics>;
  readonly resource: Readonly<Record<string, string | number | boolean | null>>;
  readonly traces: z.output<typeof traces>;
}
