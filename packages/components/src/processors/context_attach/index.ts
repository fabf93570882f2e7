import { BY_TRACE, defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { contextAttachConfig } from "./config.ts";
import { ContextAttach } from "./context-attach.ts";

/** Attaches allowed baggage to spans and logs, and keeps evidence for alerts. */
export const contextAttachProcessor: ProcessorDefinition<typeof contextAttachConfig> = defineProcessor({
  type: "context_attach",
  stability: "beta",
  summary: "Attaches allowed baggage such as room and user agent to spans and logs, and keeps samples as evidence for alerts.",
  signals: ["traces", "metrics", "logs"],
  config: contextAttachConfig,
  example: "baggage:\n  allow: [room_id, user_agent]\nevidence:\n  correlate: [chat.type]\n",
  partition: () => BY_TRACE,
  create: (config, context) => new ContextAttach(config, context),
});
