import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { createAdmin } from "./admin.ts";
import { adminConfig } from "./config.ts";

/** Shows the books of the running collector over HTTP, plans a reload, and has it read its configuration again. */
export const adminExtension: ExtensionDefinition<typeof adminConfig> = defineExtension({
  type: "admin",
  stability: "beta",
  summary: "Shows the books of the running collector over HTTP, plans a reload, and has it read its configuration again.",
  scope: "collector",
  config: adminConfig,
  example: "endpoint: localhost:13135\n",
  create: createAdmin,
});
