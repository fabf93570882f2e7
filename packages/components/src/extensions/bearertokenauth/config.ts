import { z } from "zod";

const token = z
  .string()
  .min(1, "a token must not be empty; write the token, or take it out")
  // eslint-disable-next-line no-control-regex
  .regex(/^[\t\u0020-\u007e\u0080-\u00ff]*$/, "a token must fit into one header line; take line ends and special characters out");

const fields = z.strictObject({
  header: z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "write the name of a header, such as Authorization or X-Api-Key")
    .default("Authorization")
    .meta({ description: "Header that carries the token.", examples: ["X-Api-Key"] }),
  scheme: z
    .string()
    .default("Bearer")
    .meta({
      description: "Word before the token; empty for a header that holds nothing but the token, such as an API key.",
      examples: [""],
    }),
  token: token.optional().meta({ description: "The token. Clients send it, servers accept it.", examples: ["${env:TOKEN}"] }),
  tokens: z
    .array(token)
    .default([])
    .meta({
      description: "Several tokens in place of one: servers accept each of them, clients send the first.",
      examples: [["${env:OLD}", "${env:NEW}"]],
    }),
  filename: z
    .string()
    .default("")
    .meta({
      description: "File with one token in each line. It is read again when it changes, and wins over `token` and `tokens`.",
      examples: ["/var/run/secrets/token"],
    }),
});

/** Parsed configuration. */
export type BearerTokenAuthConfig = z.output<typeof fields>;

/** Options of the bearer token authenticator, with the Collector's names and defaults. */
export const bearerTokenAuthConfig: typeof fields = fields.superRefine((config, context) => {
  if (config.token === undefined && config.tokens.length === 0 && config.filename === "")
    context.addIssue({ code: "custom", message: "no bearer token provided; write token, tokens or filename" });
  if (config.token !== undefined && config.tokens.length > 0)
    context.addIssue({ code: "custom", path: ["tokens"], message: "either tokens or token should be set, not both; take one of them out" });
});
