import { durationField, messageOf } from "@tidemark/core";
import { z } from "zod";
import { pageAuthField } from "../../pages/auth.ts";
import { parseListenAddress } from "../../transport/listen.ts";
import { serverTlsField } from "../../transport/tls/tls-fields.ts";
import { readStrategies } from "./read-strategies.ts";
import { strategiesField } from "./strategy-fields.ts";

const NO_BODIES = "take it out: what asks for strategies sends no body";

const http = z
  .strictObject({
    endpoint: z
      .string()
      .default("localhost:5778")
      .refine((endpoint) => parseListenAddress(endpoint, "tcp") !== undefined, "write host:port, such as localhost:5778 or 0.0.0.0:5778")
      .meta({ description: "Where strategies are served, at `/sampling?service=NAME`.", examples: ["0.0.0.0:5778"] }),
    tls: serverTlsField.optional(),
    auth: pageAuthField.optional(),
  })
  .meta({
    notHere: {
      compression_algorithms: NO_BODIES,
      max_request_body_size: NO_BODIES,
      include_metadata: "take it out: no component reads the headers of these requests",
      cors: "take it out: pages of browsers cannot ask here",
    },
  });

const contents = z.union([
  z.string().superRefine((text, context) => {
    try {
      readStrategies(text);
    } catch (caught) {
      context.addIssue({ code: "custom", message: messageOf(caught) });
    }
  }),
  strategiesField,
]);

const source = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .refine((file) => !/^https?:\/\//i.test(file), "addresses are not read here; write contents: ${https://…} and run with --watch")
      .optional()
      .meta({ description: "JSON file with the strategies.", examples: ["/etc/tidemark/sampling.json"] }),
    reload_interval: durationField()
      .prefault("1s")
      .meta({ description: "How often `file` is looked at for changes; 0s: never (the Collector's default).", examples: ["30s"] }),
    contents: contents.optional().meta({
      description: "The strategies themselves, as a mapping or as JSON text. Not in the Collector.",
      examples: [{ default_strategy: { type: "probabilistic", param: 0.1 } }],
    }),
  })
  .superRefine((written, context) => {
    const { file, contents: inline } = written;
    if (file === undefined && inline === undefined)
      context.addIssue({ code: "custom", message: "no sources specified, has to be either 'file' or 'contents'; write file: PATH" });
    if (file !== undefined && inline !== undefined)
      context.addIssue({
        code: "custom",
        path: ["contents"],
        message: "too many sources specified, has to be either 'file' or 'contents'; take one of them out",
      });
  })
  .meta({
    description: "Where the strategies come from.",
    examples: [{ file: "/etc/tidemark/sampling.json" }],
    notHere: { remote: "write file: PATH or contents: …; strategies cannot be fetched from another server over gRPC here" },
  });

/** An empty section (`http:`) takes the defaults, as in the Collector. */
const emptyAsDefaults = (section: unknown): unknown => (section === null ? {} : section);

const fields = z
  .strictObject({
    http: z
      .preprocess(emptyAsDefaults, http)
      .prefault({})
      .meta({ description: "The server.", examples: [{ endpoint: "0.0.0.0:5778" }] }),
    source,
  })
  .meta({ notHere: { grpc: "take it out: strategies are served over HTTP only, at http://HOST:5778/sampling?service=NAME" } });

/** Options of remote sampling, with the Collector's names. */
export const jaegerRemoteSamplingConfig: typeof fields = fields;

/** Parsed configuration. */
export type JaegerRemoteSamplingConfig = z.output<typeof fields>;
