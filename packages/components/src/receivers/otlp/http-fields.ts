import { durationField } from "@tidemark/core";
import { z } from "zod";
import { serverTlsField } from "../../transport/tls/tls-fields.ts";
import { httpAuthField, middlewaresField } from "./access-fields.ts";
import { endpointField, transportField } from "./endpoint-fields.ts";

const urlPath = (signal: string): z.ZodPrefault<z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>> =>
  z
    .string()
    .meta({ examples: [`/otlp/v1/${signal}`] })
    .transform((path, context) => {
      const rooted = path.startsWith("/") ? path : `/${path}`;
      if (/^[\w\-./~!$&'()*+,;=:@%]+$/.test(rooted)) return rooted;
      context.issues.push({
        code: "custom",
        message: `invalid HTTP URL path set for signal: "${path}"; use a path such as /v1/${signal}`,
        input: path,
      });
      return z.NEVER;
    })
    .prefault(`/v1/${signal}`)
    .meta({ description: `Path of ${signal} requests.` });

const corsField = z
  .strictObject({
    allowed_origins: z
      .array(z.string())
      .default([])
      .meta({ description: "Origins whose pages may send; `*` stands for any text.", examples: [["https://*.example.com"]] }),
    allowed_headers: z
      .array(z.string())
      .default([])
      .meta({ description: "Request headers allowed beside the safelisted ones; `*` allows all.", examples: [["x-tenant"]] }),
    exposed_headers: z
      .array(z.string())
      .default([])
      .meta({ description: "Response headers that pages may read.", examples: [["retry-after"]] }),
    max_age: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: "Seconds for which a browser may remember the answer; 0 leaves it to the browser.", examples: [7200] }),
  })
  .meta({ description: "Lets browsers send (CORS).", examples: [{ allowed_origins: ["https://app.example.com"] }] });

/** `protocols.http`: confighttp.ServerConfig and the OTLP paths. */
export const httpField = z
  .strictObject({
    endpoint: endpointField("localhost:4318"),
    transport: transportField,
    traces_url_path: urlPath("traces"),
    metrics_url_path: urlPath("metrics"),
    logs_url_path: urlPath("logs"),
    max_request_body_size: z
      .int()
      .min(1)
      .default(64 << 20)
      .meta({
        description:
          "Largest request body in bytes, before and after decompression. OTLP 1.11 recommends 64 MiB; the Collector's default is 20 MiB.",
        examples: [20_971_520],
      }),
    compression_algorithms: z
      .array(z.enum(["", "gzip", "zstd", "zlib", "deflate"]))
      .default(["", "gzip", "zstd", "zlib", "deflate"])
      .meta({ description: "Content encodings that are accepted; the empty text stands for none.", examples: [["", "gzip"]] }),
    include_metadata: z
      .boolean()
      .default(false)
      .meta({ description: "Keep the request headers beside the data, for processors that read them.", examples: [true] }),
    response_headers: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "Headers added to every answer.", examples: [{ "x-served-by": "edge-1" }] }),
    cors: corsField.optional(),
    read_header_timeout: durationField()
      .prefault("1m")
      .meta({ description: "How long the headers of a request may take; 0s: no limit.", examples: ["10s"] }),
    read_timeout: durationField()
      .prefault("1m")
      .meta({ description: "How long a whole request may take to arrive; 0s: no limit (the Collector's default).", examples: ["30s"] }),
    write_timeout: durationField()
      .prefault("0s")
      .meta({ description: "How long a connection with an open request may be silent both ways; 0s: no limit.", examples: ["2m"] }),
    idle_timeout: durationField()
      .prefault("1m")
      .meta({ description: "How long a connection may stay open between two requests.", examples: ["2m"] }),
    keep_alives_enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Off: every connection carries one request.", examples: [false] }),
    max_connections: z
      .int()
      .min(0)
      .default(16_384)
      .meta({ description: "Connections that may be open; more are closed at once. 0: no limit. Not in the Collector.", examples: [1000] }),
    max_connection_age: durationField()
      .prefault("0s")
      .meta({
        description:
          "Ask a client to reconnect after this time (`Connection: close`, GOAWAY), so that load spreads; 0s: never. Not in the Collector.",
        examples: ["10m"],
      }),
    max_concurrent_streams: z
      .int()
      .min(1)
      .default(256)
      .meta({ description: "Requests that one HTTP/2 connection may have open. Not in the Collector.", examples: [100] }),
    auth: httpAuthField.optional(),
    middlewares: middlewaresField,
    tls: serverTlsField.optional(),
  })
  .meta({ description: "OTLP over HTTP/1.1 and HTTP/2, protobuf and JSON.", examples: [{ endpoint: "0.0.0.0:4318" }] });

/** Checked `protocols.http`. */
export type HttpConfig = z.output<typeof httpField>;
/** Checked `protocols.http.cors`. */
export type CorsConfig = z.output<typeof corsField>;
