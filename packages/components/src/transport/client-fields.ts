import { z } from "zod";

/** `compression` of an exporter. */
export const compressionField: z.ZodDefault<z.ZodEnum<{ gzip: "gzip"; zstd: "zstd"; none: "none"; "": "" }>> = z
  .enum(["gzip", "zstd", "none", ""])
  .default("gzip")
  .meta({ description: "How bodies are compressed. A body that came in gzip and was not touched leaves as it came.", examples: ["none"] });

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
