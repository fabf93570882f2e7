import { PipelineError, type RequestHeaders, type ServerAuthenticator } from "@tidemark/core";
import { z } from "zod";
import { textPage, type Page } from "./page-server.ts";

const fields = z
  .strictObject({
    authenticator: z
      .string()
      .min(1)
      .meta({
        description: "Id of the extension that checks each request.",
        examples: ["bearertokenauth/admin"],
        extension: "serverAuthenticator",
      }),
  })
  .meta({ description: "Who may ask. Absent: whoever reaches the endpoint.", examples: [{ authenticator: "bearertokenauth/admin" }] });

/** `auth` of what serves pages. */
export const pageAuthField: typeof fields = fields;

/** The answer to a client that may not ask; undefined for one that may. */
export async function unauthenticatedPage(headers: RequestHeaders, authenticator: ServerAuthenticator): Promise<Page | undefined> {
  try {
    await authenticator.authenticate(headers);
    return undefined;
  } catch (caught) {
    const { message } = PipelineError.from(caught);
    return { ...textPage(401, `401: ${message}`), headers: { "www-authenticate": authenticator.challenge ?? "Bearer" } };
  }
}
