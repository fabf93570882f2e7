import { z } from "zod";
import { pageAuthField } from "../../pages/auth.ts";
import { parseListenAddress } from "../../transport/listen.ts";
import { serverTlsField } from "../../transport/tls/tls-fields.ts";

const fields = z.strictObject({
  endpoint: z
    .string()
    .default("localhost:13135")
    .refine((endpoint) => parseListenAddress(endpoint, "tcp") !== undefined, "write host:port, such as localhost:13135 or 0.0.0.0:13135")
    .meta({ description: "Where it is served over HTTP.", examples: ["0.0.0.0:13135"] }),
  tls: serverTlsField.optional(),
  auth: pageAuthField.optional(),
});

/** Options of the admin interface. */
export const adminConfig: typeof fields = fields;

/** Parsed configuration. */
export type AdminConfig = z.output<typeof fields>;
