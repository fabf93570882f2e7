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

/** `headers` of an exporter. */
export const headersField: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> = z
  .record(z.string(), z.string())
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      if (HEADER_NAME.test(name)) continue;
      context.issues.push({
        code: "custom",
        message: `"${name}" is not a header name; use letters, digits and -`,
        path: [name],
        input: headers,
      });
    }
  })
  .default({})
  .meta({ description: "Headers sent with every request.", examples: [{ authorization: "Bearer ${env:TOKEN}" }] });
