import { durationField } from "@tidemark/core";
import { z } from "zod";
import { CIPHER_SUITES, CURVES } from "./tls-names.ts";

const versions = ["1.0", "1.1", "1.2", "1.3"] as const;

const version = (): z.ZodEnum<{ "1.0": "1.0"; "1.1": "1.1"; "1.2": "1.2"; "1.3": "1.3" }> =>
  z.enum(versions, { error: (issue) => `unsupported TLS version: "${String(issue.input)}"` });

const common = {
  ca_file: z
    .string()
    .optional()
    .meta({
      description: "PEM file with the certificate authorities that the other side's certificate must come from.",
      examples: ["ca.pem"],
    }),
  ca_pem: z
    .string()
    .optional()
    .meta({ description: "The same as `ca_file`, as text.", examples: ["${env:CA_PEM}"] }),
  include_system_ca_certs_pool: z
    .boolean()
    .default(false)
    .meta({ description: "Also trust the authorities that Node ships with when `ca_file` is set.", examples: [true] }),
  cert_file: z
    .string()
    .optional()
    .meta({ description: "PEM file with our certificate chain.", examples: ["cert.pem"] }),
  cert_pem: z
    .string()
    .optional()
    .meta({ description: "The same as `cert_file`, as text.", examples: ["${env:CERT_PEM}"] }),
  key_file: z
    .string()
    .optional()
    .meta({ description: "PEM file with the private key of our certificate.", examples: ["key.pem"] }),
  key_pem: z
    .string()
    .optional()
    .meta({ description: "The same as `key_file`, as text.", examples: ["${env:KEY_PEM}"] }),
  reload_interval: durationField()
    .prefault("0s")
    .meta({ description: "Read certificate and key again this often, for new connections; 0s: never.", examples: ["1h"] }),
  min_version: version()
    .default("1.2")
    .meta({ description: "Oldest TLS version that is spoken.", examples: ["1.3"] }),
  max_version: version()
    .optional()
    .meta({ description: "Newest TLS version that is spoken.", examples: ["1.3"] }),
  cipher_suites: z
    .array(z.string().refine((name) => CIPHER_SUITES.has(name), { error: (issue) => `invalid TLS cipher suite: "${String(issue.input)}"` }))
    .default([])
    .meta({
      description: "Suites for TLS 1.2, by their IANA names; empty takes Node's list.",
      examples: [["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]],
    }),
  curve_preferences: z
    .array(z.enum(Object.keys(CURVES) as [string, ...string[]]))
    .default([])
    .meta({ description: "Curves for the key exchange, best first; empty takes Node's list.", examples: [["X25519"]] }),
};

interface Pairs {
  readonly ca_file?: string | undefined;
  readonly ca_pem?: string | undefined;
  readonly cert_file?: string | undefined;
  readonly cert_pem?: string | undefined;
  readonly key_file?: string | undefined;
  readonly key_pem?: string | undefined;
  readonly min_version: string;
  readonly max_version?: string | undefined;
}

const NOUNS = { ca: "a CA file", cert: "a certificate", key: "a key" } as const;

function checkPairs(tls: Pairs, issues: z.core.$ZodRawIssue[], isServer: boolean): void {
  const issue = (path: string, message: string): number => issues.push({ code: "custom", message, path: [path], input: tls });
  for (const name of ["ca", "cert", "key"] as const) {
    if (tls[`${name}_file`] === undefined || tls[`${name}_pem`] === undefined) continue;
    issue(`${name}_pem`, `provide either ${NOUNS[name]} or the PEM-encoded string, but not both`);
  }
  const hasCert = (tls.cert_file ?? tls.cert_pem) !== undefined;
  const hasKey = (tls.key_file ?? tls.key_pem) !== undefined;
  const missing = hasCert ? "key_file" : "cert_file";
  if (isServer && !(hasCert && hasKey)) issue(missing, "TLS configuration must include both certificate and key for server connections");
  if (!isServer && hasCert !== hasKey) issue(missing, "for auth via TLS, provide both certificate and key, or neither");
  if (tls.max_version !== undefined && tls.min_version > tls.max_version) {
    issue("min_version", "min_version cannot be greater than max_version");
  }
}

const serverShape = z.strictObject({
  ...common,
  client_ca_file: z
    .string()
    .optional()
    .meta({ description: "Require client certificates (mTLS) that come from these authorities.", examples: ["client-ca.pem"] }),
  client_ca_file_reload: z
    .boolean()
    .default(false)
    .meta({ description: "Read `client_ca_file` again too: every `reload_interval`, or every 10 seconds without one.", examples: [true] }),
});

const clientShape = z.strictObject({
  ...common,
  insecure: z
    .boolean()
    .default(false)
    .meta({ description: "Plain text instead of TLS.", examples: [true] }),
  insecure_skip_verify: z
    .boolean()
    .default(false)
    .meta({ description: "TLS without checking who the other side is.", examples: [true] }),
  server_name_override: z
    .string()
    .optional()
    .meta({ description: "Name to ask for and to check in the server's certificate.", examples: ["otlp.example.com"] }),
});

/** `tls` of a server: configtls.ServerConfig. Absent means plain text. */
export const serverTlsField: typeof serverShape = serverShape
  .superRefine((tls, context) => checkPairs(tls, context.issues, true))
  .meta({ description: "Serve TLS with this certificate.", examples: [{ cert_file: "cert.pem", key_file: "key.pem" }] });

/** `tls` of a client: configtls.ClientConfig. */
export const clientTlsField: typeof clientShape = clientShape
  .superRefine((tls, context) => checkPairs(tls, context.issues, false))
  .meta({ description: "How the connection is secured.", examples: [{ insecure: true }, { ca_file: "ca.pem" }] });

/** Checked `tls` of a server. */
export type ServerTlsConfig = z.output<typeof serverTlsField>;
/** Checked `tls` of a client. */
export type ClientTlsConfig = z.output<typeof clientTlsField>;
