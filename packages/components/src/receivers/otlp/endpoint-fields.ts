import { z } from "zod";

/** Whether an endpoint is `host:port` or the path of a Unix socket. */
export const transportField: z.ZodDefault<z.ZodEnum<{ tcp: "tcp"; unix: "unix" }>> = z
  .enum(["tcp", "unix"])
  .default("tcp")
  .meta({ description: "`tcp`, or `unix` when `endpoint` is the path of a socket.", examples: ["unix"] });

/** Where a server listens. Its form is checked together with `transport`. */
export function endpointField(standard: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .default(standard)
    .meta({
      description: "Where to listen: host:port. 0.0.0.0 stands for all interfaces.",
      examples: [standard.replace("localhost", "0.0.0.0")],
    });
}
