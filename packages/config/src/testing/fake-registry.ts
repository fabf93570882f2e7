import {
  type ComponentDefinition,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  durationField,
  noEffectField,
  queueField,
  type Registry,
  type RegistryEntry,
} from "@tidemark/core";
import { z } from "zod";

const endpoint = (standard: string): z.ZodPrefault<z.ZodString> =>
  z
    .string()
    .min(1)
    .prefault(standard)
    .meta({ description: "Address to listen on.", examples: [standard] });
const server = (standard: string) =>
  z
    .strictObject({
      endpoint: endpoint(standard),
      include_metadata: z
        .boolean()
        .default(false)
        .meta({ description: "Keeps the headers.", examples: [true] }),
      auth: z
        .strictObject({
          authenticator: z.string().meta({ description: "Who checks clients.", examples: ["tokenauth"], extension: "serverAuthenticator" }),
        })
        .optional()
        .meta({ description: "Who may send.", examples: [{ authenticator: "tokenauth" }] }),
      middlewares: z
        .array(z.strictObject({ id: z.string().meta({ description: "Its id.", examples: ["limiter"], extension: "admission" }) }))
        .default([])
        .meta({ description: "Who is asked first.", examples: [[{ id: "limiter" }]] }),
    })
    .optional()
    .meta({ description: "One protocol.", examples: [{ endpoint: standard }] });

const otlp = defineReceiver({
  type: "otlp",
  stability: "beta",
  summary: "Receives OTLP.",
  signals: ["traces", "metrics", "logs"],
  example: "protocols: { grpc: {} }",
  config: z.strictObject({
    protocols: z
      .strictObject({ grpc: server("localhost:4317"), http: server("localhost:4318") })
      .superRefine((value, context) => {
        if (value.grpc === undefined && value.http === undefined)
          context.addIssue({ code: "custom", message: "no protocol is on; add grpc: or http:" });
      })
      .meta({ description: "Protocols to serve.", examples: [{ grpc: {} }] }),
  }),
  create: unused,
});

const ticks = defineReceiver({
  type: "ticks",
  stability: "beta",
  summary: "Counts.",
  signals: ["metrics"],
  example: "",
  config: z.strictObject({}),
  create: unused,
});

const batch = defineProcessor({
  type: "batch",
  stability: "beta",
  summary: "Joins batches.",
  signals: ["traces", "metrics", "logs"],
  example: "timeout: 200ms",
  config: z
    .strictObject({
      timeout: durationField()
        .prefault("200ms")
        .meta({ description: "Longest wait.", examples: ["1s"] }),
      send_batch_size: z
        .int()
        .min(0)
        .default(8192)
        .meta({ description: "Items that end the wait.", examples: [8192] }),
      send_batch_max_size: z
        .int()
        .min(0)
        .default(0)
        .meta({ description: "Most items in a batch.", examples: [10_000] }),
      metadata_keys: z
        .array(z.string())
        .default([])
        .meta({ description: "Headers that part batches.", examples: [["tenant"]] }),
    })
    .superRefine((value, context) => {
      if (value.send_batch_max_size > 0 && value.send_batch_max_size < value.send_batch_size) {
        context.addIssue({
          code: "custom",
          path: ["send_batch_max_size"],
          message: "must not be below send_batch_size; write at least the value of send_batch_size, or 0 for no limit",
        });
      }
    }),
  create: unused,
});

const ewma = defineProcessor({
  type: "ewma_threshold",
  stability: "alpha",
  summary: "Raises an alert when a value leaves its usual range.",
  signals: ["traces", "metrics"],
  emitsAlerts: true,
  example: "metric: latency",
  config: z.strictObject({
    metric: z.string().meta({ description: "Name of the metric.", examples: ["http.server.duration"] }),
    factor: z
      .number()
      .min(1)
      .default(3)
      .meta({ description: "Allowed factor.", examples: [2.5] }),
    mode: z
      .enum(["ratio", "difference"])
      .default("ratio")
      .meta({ description: "What is compared.", examples: ["difference"] }),
    labels: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "Labels of the alert.", examples: [{ team: "chat" }] }),
    rules: z
      .array(
        z.strictObject({
          name: z.string().meta({ description: "Its name.", examples: ["slow"] }),
          limit: z.number().meta({ description: "Its limit.", examples: [5] }),
        }),
      )
      .default([])
      .meta({ description: "Fixed limits.", examples: [[{ name: "slow", limit: 5 }]] }),
    source: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("span") }),
        z.strictObject({ kind: z.literal("metric"), names: z.array(z.string().min(1)).min(1) }),
      ])
      .optional()
      .meta({ description: "Where values come from.", examples: [{ kind: "span" }] }),
    size: z
      .union([z.int().max(100), z.string().regex(/^\d+%$/, "must be a percentage; write a number and %, such as 5%")])
      .optional()
      .meta({ description: "How much.", examples: ["5%"] }),
    target: z
      .union([z.string(), z.strictObject({ attribute: z.string(), strip: z.boolean().default(false) })])
      .default("value")
      .meta({ description: "What to look at.", examples: ["value"] }),
  }),
  create: unused,
});

const spanMetrics = defineConnector({
  type: "span_metrics",
  stability: "beta",
  summary: "Counts spans.",
  pairs: [
    ["traces", "metrics"],
    ["traces", "traces"],
  ],
  example: "",
  config: z.strictObject({
    namespace: z
      .string()
      .default("")
      .meta({ description: "Prefix.", examples: ["chat"] }),
    unit: z
      .enum(["ms", "s", ""])
      .default("")
      .meta({ description: "Unit of durations.", examples: ["ms"] }),
  }),
  create: unused,
});

const watch = defineConnector({
  type: "watch",
  stability: "alpha",
  summary: "Detects between pipelines.",
  pairs: [["traces", "metrics"]],
  emitsAlerts: true,
  example: "",
  config: z.strictObject({}),
  create: unused,
});

/** Its type is an exporter's too, so that ids can be ambiguous. */
const debugConnector = defineConnector({
  type: "debug",
  stability: "development",
  summary: "Passes traces on.",
  pairs: [["traces", "traces"]],
  example: "",
  config: z.strictObject({}),
  create: unused,
});

const debug = defineExporter({
  type: "debug",
  stability: "beta",
  summary: "Prints.",
  signals: ["traces", "metrics", "logs"],
  example: "verbosity: basic",
  config: z.strictObject({
    verbosity: z
      .enum(["basic", "normal", "detailed"])
      .default("basic")
      .meta({ description: "How much.", examples: ["detailed"] }),
    sending_queue: queueField,
  }),
  create: unused,
});

const otlpHttp = defineExporter({
  type: "otlp_http",
  aliases: ["otlphttp"],
  stability: "beta",
  summary: "Sends OTLP.",
  signals: ["traces", "metrics"],
  example: "endpoint: http://localhost:4318",
  config: z.strictObject({
    endpoint: z.string().meta({ description: "Where to send to.", examples: ["http://localhost:4318"] }),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "Headers of each request.", examples: [{ "api-key": "1" }] }),
    read_buffer_size: noEffectField(z.int().min(0), "buffers have their own sizes.", 524_288),
    pool: z
      .strictObject({ idle_timeout: noEffectField(durationField(), "connections stay open.", "90s") })
      .array()
      .optional()
      .meta({ description: "Connections.", examples: [[{ idle_timeout: "90s" }]] }),
  }),
  create: unused,
});

/** One field of every type, for the casting tests. */
const types = defineExporter({
  type: "types",
  stability: "development",
  summary: "Takes a field of each type.",
  signals: ["traces"],
  example: "",
  config: z.strictObject({
    int_field: z.int().optional(),
    string_field: z.string().optional(),
    inline_field: z.string().optional(),
    bool_field: z.boolean().optional(),
    list_field: z.array(z.unknown()).optional(),
    any_field: z.unknown().optional(),
    map_field: z.record(z.string(), z.string()).optional(),
    either_field: z.union([z.int(), z.string()]).optional(),
  }),
  create: unused,
});

const health = defineExtension({
  type: "health_check",
  stability: "beta",
  summary: "Tells whether all is well.",
  example: "",
  config: z.strictObject({ endpoint: endpoint("localhost:13133") }),
  create: unused,
});

const tokenauth = defineExtension({
  type: "tokenauth",
  stability: "beta",
  summary: "Checks tokens.",
  provides: ["serverAuthenticator", "clientAuthenticator"],
  example: "",
  config: z.strictObject({}),
  create: unused,
});

const limiter = defineExtension({
  type: "limiter",
  stability: "beta",
  summary: "Turns requests away.",
  provides: ["admission"],
  example: "",
  config: z.strictObject({}),
  create: unused,
});

/** A registry whose components cannot run: enough to check configurations. */
export const FAKE_REGISTRY: Registry = {
  receivers: [entry(otlp), entry(ticks)],
  processors: [entry(batch), entry(ewma)],
  connectors: [entry(spanMetrics), entry(watch), entry(debugConnector)],
  exporters: [entry(debug), entry(otlpHttp), entry(types)],
  extensions: [entry(health), entry(tokenauth), entry(limiter)],
};

function entry<D extends ComponentDefinition>(definition: D): RegistryEntry<D> {
  return { type: definition.type, aliases: definition.aliases ?? [], load: async () => Promise.resolve(definition) };
}

function unused(): never {
  throw new Error("the fake components are never built");
}
