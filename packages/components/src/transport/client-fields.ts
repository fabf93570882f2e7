import { z } from "zod";

/** `compression` of an exporter. */
export const compressionField: z.ZodDefault<
  z.ZodEnum<{ gzip: "gzip"; zstd: "zstd"; deflate: "deflate"; zlib: "zlib"; none: "none"; "": "" }>
> = z
  .enum(["gzip", "zstd", "deflate", "zlib", "none", ""])
  .default("gzip")
  .meta({
    description: "How bodies are compressed. A body that came in the same format and was not touched leaves as it came.",
    examples: ["zstd"],
  });

const paramsShape = z.strictObject({
  level: z
    .int()
    .optional()
    .meta({
      description: "The algorithm's own level: gzip, deflate and zlib 1 to 9 (-1: zlib's standard, 6), zstd 1 to 19. Absent: 1.",
      examples: [3],
    }),
});

/** `compression_params` of an exporter. */
export const compressionParamsField: z.ZodPrefault<typeof paramsShape> = paramsShape
  .prefault({})
  .meta({ description: "How hard to compress.", examples: [{ level: 3 }] });

interface Packing {
  readonly compression: string;
  readonly compression_params: z.output<typeof paramsShape>;
}

/** Adds an issue when `compression_params` does not fit `compression`. */
export function checkCompression(config: Packing, issues: z.core.$ZodRawIssue[]): void {
  const { level } = config.compression_params;
  if (level === undefined) return;
  const path = ["compression_params", "level"];
  const issue = (message: string): number => issues.push({ code: "custom", message, path, input: config });
  if (config.compression === "none" || config.compression === "") return void issue("no level belongs to `compression: none`; take it out");
  const [least, most] = config.compression === "zstd" ? [1, 19] : [-1, 9];
  if (level < least || level > most) issue(`level ${level} is not one of ${config.compression}; use ${least} to ${most}`);
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110, section 5.5; what Node sends. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `headers` of an exporter. */
export const headersField: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> = z
  .record(z.string(), z.string())
  .superRefine((headers, context) => {
    const issue = (name: string, message: string): number => context.issues.push({ code: "custom", message, path: [name], input: headers });
    for (const [name, value] of Object.entries(headers)) {
      if (!HEADER_NAME.test(name)) issue(name, `"${name}" is not a header name; use letters, digits and -`);
      // The value is a secret.
      if (!HEADER_VALUE.test(value))
        issue(
          name,
          `the value of "${name}" has a line break or another character that no header can have; take it out, also at the end of a file`,
        );
    }
  })
  .default({})
  .meta({ description: "Headers sent with every request.", examples: [{ authorization: "Bearer ${env:TOKEN}" }] });

const authShape = z.strictObject({
  authenticator: z
    .string()
    .min(1)
    .meta({
      description: "Id of the extension that gives the headers for each request.",
      examples: ["bearertokenauth"],
      extension: "clientAuthenticator",
    }),
});

/** `auth` of an exporter: configauth.Config. */
export const clientAuthField: z.ZodOptional<typeof authShape> = authShape
  .optional()
  .meta({ description: "Shows the far side who we are.", examples: [{ authenticator: "bearertokenauth" }] });

/** `balancer_name` of an exporter. */
export const balancerField: z.ZodDefault<z.ZodEnum<{ round_robin: "round_robin"; pick_first: "pick_first" }>> = z
  .enum(["round_robin", "pick_first"])
  .default("round_robin")
  .meta({
    description: "With several endpoints or addresses: take them by turns, or the first that is not left out after a failure.",
    examples: ["pick_first"],
  });

interface Endpoints {
  readonly endpoint?: string | undefined;
  readonly endpoints: readonly string[];
}

/** Adds an issue when there is no endpoint, or one said in two ways. `example` is one as it should be written. */
export function checkEndpoints({ endpoint, endpoints }: Endpoints, example: string, issues: z.core.$ZodRawIssue[]): void {
  if (endpoint === undefined && endpoints.length === 0) {
    const message = `at least one endpoint must be specified; write endpoint: ${example}`;
    issues.push({ code: "custom", message, path: ["endpoint"], input: endpoint });
  }
  if (endpoint !== undefined && endpoints.length > 0) {
    const message = "endpoint and endpoints cannot both be set; put the endpoint into the list";
    issues.push({ code: "custom", message, path: ["endpoints"], input: endpoints });
  }
}
