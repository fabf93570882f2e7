import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { readTextFile } from "../../files/read-text-file.ts";
import { createBearerTokenAuth } from "./bearer-token-auth.ts";
import { bearerTokenAuthConfig } from "./config.ts";

/** Authenticates by a token or API key in a header. */
export const bearertokenauthExtension: ExtensionDefinition<typeof bearerTokenAuthConfig> = defineExtension({
  type: "bearertokenauth",
  stability: "beta",
  summary: "Authenticates by a token or API key in a header: clients of receivers, and exporters to their servers.",
  provides: ["serverAuthenticator", "clientAuthenticator"],
  config: bearerTokenAuthConfig,
  example: "token: ${env:TOKEN:-secret}\n",
  create: (config, context) => createBearerTokenAuth(config, context, readTextFile),
});
