import { z } from "zod";

const authenticator = z
  .string()
  .min(1)
  .meta({
    description: "Id of the extension that checks each request.",
    examples: ["basicauth/server"],
    extension: "serverAuthenticator",
  });

/** `auth` of `protocols.http`: confighttp.AuthConfig. */
export const httpAuthField = z
  .strictObject({
    authenticator,
    request_params: z
      .array(z.string())
      .default([])
      .meta({
        description: "Parameters of the query that the authenticator sees as if they were headers; they win over headers of the same name.",
        examples: [["token"]],
      }),
  })
  .meta({ description: "Who may send. Absent: everybody.", examples: [{ authenticator: "bearertokenauth" }] });

/** `auth` of `protocols.grpc`: configauth.Config. */
export const grpcAuthField = z
  .strictObject({ authenticator })
  .meta({ description: "Who may send. Absent: everybody.", examples: [{ authenticator: "bearertokenauth" }] });

/** `middlewares` of both protocols: configmiddleware.Config. */
export const middlewaresField = z
  .array(
    z.strictObject({
      id: z
        .string()
        .min(1)
        .meta({
          description: "Id of an extension that turns requests away before their bodies are read.",
          examples: ["memory_limiter"],
          extension: "admission",
        }),
    }),
  )
  .default([])
  .meta({ description: "Extensions that are asked before a body is read, in this order.", examples: [[{ id: "memory_limiter" }]] });
