import { messageOf, type ComponentContext, type Extension } from "@tidemark/core";
import { WatchedFile, type ReadTextFile } from "../../files/watched-file.ts";
import { BasicServer } from "./basic-server.ts";
import type { BasicAuthConfig } from "./config.ts";
import { readHtpasswd } from "./htpasswd.ts";

/** Checks the clients of receivers against htpasswd lines, or shows exporters' servers a user name and password. */
export function createBasicAuth(config: BasicAuthConfig, context: ComponentContext, readText: ReadTextFile): Extension {
  if (config.client_auth !== undefined) return clientExtension(config.client_auth);
  return serverExtension(config.htpasswd ?? { file: "", inline: "" }, context, readText);
}

function clientExtension({ username, password }: NonNullable<BasicAuthConfig["client_auth"]>): Extension {
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}` };
  return { clientAuthenticator: { headers: () => headers } };
}

function serverExtension(
  { file, inline }: NonNullable<BasicAuthConfig["htpasswd"]>,
  context: ComponentContext,
  readText: ReadTextFile,
): Extension {
  const server = new BasicServer(context.clock);
  const ownUsers = readHtpasswd(inline);
  if (file === "") server.use(ownUsers);
  const watched =
    file === ""
      ? undefined
      : new WatchedFile({
          path: file,
          readText,
          clock: context.clock,
          log: context.log,
          use: (text) => server.use(new Map([...usersOf(text, file), ...ownUsers])),
        });
  return {
    serverAuthenticator: server,
    start: async () => {
      await watched?.start();
    },
    shutdown: () => watched?.stop(),
  };
}

function usersOf(text: string, path: string): ReturnType<typeof readHtpasswd> {
  try {
    return readHtpasswd(text);
  } catch (caught) {
    throw new Error(`${path}: ${messageOf(caught)}`, { cause: caught });
  }
}
