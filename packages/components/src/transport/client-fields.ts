import { z } from "zod";

/** `compression` of an exporter. */
export const compressionField: z.ZodDefault<z.ZodEnum<{ gzip: "gzip"; zstd: "zstd"; none: "none"; "": "" }>> = z
  .enum(["gzip", "zstd", "none", ""])
  .default("gzip")
  .meta({ description: "How bodies are compressed. A body that came in gzip and was not touched leaves as it came.", examples: ["none"] });

/** `headers` of an exporter. */
export const headersField: z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> = z
  .record(z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: "header names are letters, digits and -" }), z.string())
  .default({})
  .meta({ description: "Headers sent with every request.", examples: [{ authorization: "Bearer ${env:TOKEN}" }] });
