// Generated from the component folders by: npm run gen
import type { Registry } from "@tidemark/core";

/** Every component of this package. A definition is loaded when it is first asked for. */
export const registry: Registry = {
  receivers: [
    { type: "http_check", aliases: ["httpcheck"], load: async () => (await import("./receivers/http_check/index.ts")).httpCheckReceiver },
    { type: "otlp", aliases: [], load: async () => (await import("./receivers/otlp/index.ts")).otlpReceiver },
    { type: "self_alerts", aliases: [], load: async () => (await import("./receivers/self_alerts/index.ts")).selfAlertsReceiver },
  ],
  processors: [
    { type: "attributes", aliases: [], load: async () => (await import("./processors/attributes/index.ts")).attributesProcessor },
    { type: "batch", aliases: [], load: async () => (await import("./processors/batch/index.ts")).batchProcessor },
    { type: "cardinality_limit", aliases: [], load: async () => (await import("./processors/cardinality_limit/index.ts")).cardinalityLimitProcessor },
    { type: "context_attach", aliases: [], load: async () => (await import("./processors/context_attach/index.ts")).contextAttachProcessor },
    { type: "ewma_threshold", aliases: [], load: async () => (await import("./processors/ewma_threshold/index.ts")).ewmaThresholdProcessor },
    { type: "memory_limiter", aliases: [], load: async () => (await import("./processors/memory_limiter/index.ts")).memoryLimiterProcessor },
    { type: "probabilistic_sampler", aliases: [], load: async () => (await import("./processors/probabilistic_sampler/index.ts")).probabilisticSamplerProcessor },
    { type: "resource", aliases: [], load: async () => (await import("./processors/resource/index.ts")).resourceProcessor },
  ],
  connectors: [
    { type: "forward", aliases: [], load: async () => (await import("./connectors/forward/index.ts")).forwardConnector },
  ],
  exporters: [
    { type: "debug", aliases: ["logging"], load: async () => (await import("./exporters/debug/index.ts")).debugExporter },
    { type: "file", aliases: [], load: async () => (await import("./exporters/file/index.ts")).fileExporter },
    { type: "otlp_grpc", aliases: ["otlp"], load: async () => (await import("./exporters/otlp_grpc/index.ts")).otlpGrpcExporter },
    { type: "otlp_http", aliases: ["otlphttp"], load: async () => (await import("./exporters/otlp_http/index.ts")).otlpHttpExporter },
    { type: "webhook", aliases: [], load: async () => (await import("./exporters/webhook/index.ts")).webhookExporter },
    { type: "wecom", aliases: [], load: async () => (await import("./exporters/wecom/index.ts")).wecomExporter },
  ],
  extensions: [
    { type: "admin", aliases: [], load: async () => (await import("./extensions/admin/index.ts")).adminExtension },
    { type: "basicauth", aliases: [], load: async () => (await import("./extensions/basicauth/index.ts")).basicauthExtension },
    { type: "bearertokenauth", aliases: [], load: async () => (await import("./extensions/bearertokenauth/index.ts")).bearertokenauthExtension },
    { type: "file_storage", aliases: [], load: async () => (await import("./extensions/file_storage/index.ts")).fileStorageExtension },
    { type: "health_check", aliases: [], load: async () => (await import("./extensions/health_check/index.ts")).healthCheckExtension },
    { type: "healthcheckv2", aliases: [], load: async () => (await import("./extensions/healthcheckv2/index.ts")).healthcheckv2Extension },
    { type: "jaeger_remote_sampling", aliases: ["jaegerremotesampling"], load: async () => (await import("./extensions/jaeger_remote_sampling/index.ts")).jaegerRemoteSamplingExtension },
    { type: "memory_limiter", aliases: [], load: async () => (await import("./extensions/memory_limiter/index.ts")).memoryLimiterExtension },
  ],
};
