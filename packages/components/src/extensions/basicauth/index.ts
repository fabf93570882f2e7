import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { readTextFile } from "../../files/read-text-file.ts";
import { createBasicAuth } from "./basic-auth.ts";
import { basicAuthConfig } from "./config.ts";

/** Authenticates by user name and password. */
export const basicauthExtension: ExtensionDefinition<typeof basicAuthConfig> = defineExtension({
  type: "basicauth",
  stability: "beta",
  summary: "Authenticates by user name and password: clients of receivers, or exporters to their servers.",
  provides: ["serverAuthenticator", "clientAuthenticator"],
  config: basicAuthConfig,
  example: "htpasswd:\n  inline: ${env:BASIC_AUTH_USERS:-tidemark:secret}\n",
  create: (config, context) => createBasicAuth(config, context, readTextFile),
});
