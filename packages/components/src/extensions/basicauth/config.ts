import { messageOf } from "@tidemark/core";
import { z } from "zod";
import { readHtpasswd } from "./htpasswd.ts";

const htpasswd = z.strictObject({
  file: z
    .string()
    .default("")
    .meta({
      description: "Path of an htpasswd file: `user:hash` in each line. It is read again when it changes.",
      examples: ["/etc/tidemark/htpasswd"],
    }),
  inline: z
    .string()
    .default("")
    .superRefine((text, context) => {
      try {
        readHtpasswd(text);
      } catch (caught) {
        context.addIssue({ code: "custom", message: messageOf(caught) });
      }
    })
    .meta({
      description: "Text as of such a file. Wins over `file` for the same user. In a configuration `$` of a hash is written `$$`.",
      examples: ["${env:BASIC_AUTH_USERS}"],
    }),
});

const clientAuth = z
  .strictObject({
    username: z
      .string()
      .regex(/^[^:]+$/, "write a user name without a colon")
      .meta({ description: "User name that is sent.", examples: ["tidemark"] }),
    password: z.string().meta({ description: "Password that is sent.", examples: ["${env:PASSWORD}"] }),
  })
  .meta({
    notHere: { username_file: "write username: ${file:PATH}", password_file: "write password: ${file:PATH}" },
  });

const fields = z.strictObject({
  htpasswd: htpasswd.optional().meta({ description: "Who may send: for receivers.", examples: [{ file: "/etc/tidemark/htpasswd" }] }),
  client_auth: clientAuth
    .optional()
    .meta({ description: "Who we are: for exporters.", examples: [{ username: "tidemark", password: "${env:PASSWORD}" }] }),
});

/** Parsed configuration. */
export type BasicAuthConfig = z.output<typeof fields>;

/** Options of basic authentication, with the Collector's names and messages. */
export const basicAuthConfig: typeof fields = fields.superRefine(({ htpasswd: server, client_auth: client }, context) => {
  if (server !== undefined && client !== undefined)
    context.addIssue({
      code: "custom",
      path: ["client_auth"],
      message: "only one of `htpasswd` or `client_auth` can be specified; use a second extension, such as basicauth/client, for the other",
    });
  if (server === undefined && client === undefined)
    context.addIssue({ code: "custom", message: "no credential source provided; write htpasswd or client_auth" });
  if (server?.file === "" && server.inline === "")
    context.addIssue({ code: "custom", path: ["htpasswd"], message: "no credential source provided; write file or inline" });
});
