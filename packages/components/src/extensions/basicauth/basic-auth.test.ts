import { PipelineError } from "@tidemark/core";
import type { AuthData, Extension } from "@tidemark/core";
import { settlePromises, testContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { createBasicAuth } from "./basic-auth.ts";
import { basicAuthConfig } from "./config.ts";
import { SlowLane } from "./slow-lane.ts";

const SLOW_HASH = "$2b$04$abcdefghijklmnopqrstuuFcV8WPKEefLKdOWfX8pW1yTVya21P7a";

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function auth(options: Record<string, unknown>, files: Readonly<Record<string, string>> = {}) {
  const context = testContext({ id: "basicauth", kind: "extension" });
  const all = new Map(Object.entries(files));
  const readText = async (path: string): Promise<string> => all.get(path) ?? Promise.reject(new Error(`ENOENT: ${path}`));
  return { context, files: all, extension: createBasicAuth(basicAuthConfig.parse(options), context, readText) };
}

/** The data of a client that is let in, or the words of the refusal. */
async function answer(extension: Extension, authorization: string | undefined): Promise<readonly (readonly [string, string])[] | string> {
  try {
    const data: AuthData | undefined = await extension.serverAuthenticator?.authenticate({ authorization });
    return data === undefined ? "no server" : [...data];
  } catch (caught) {
    expect(caught).toBeInstanceOf(PipelineError);
    expect(caught).toMatchObject({ code: "unauthenticated", retryable: false });
    return (caught as PipelineError).message;
  }
}

describe("servers", () => {
  const { extension } = auth({ htpasswd: { inline: `ann:secret\nbob:${SLOW_HASH}\nann:newer:secret` } });

  it.each([
    [basic("ann", "newer:secret"), "ann"],
    [basic("ann", "newer:secret").replace("Basic", "basic"), "ann"],
    [basic("bob", "pass word"), "bob"],
  ])("let %s in, and tell processors who it is", async (authorization, username) => {
    const expected = [
      ["username", username],
      ["raw", authorization.slice(6)],
    ];
    expect(await answer(extension, authorization)).toEqual(expected);
    expect(await answer(extension, authorization)).toEqual(expected);
  });

  it.each([
    [undefined, "no basic auth provided"],
    ["", "no basic auth provided"],
    ["Bearer abc", "invalid authorization scheme prefix"],
    ["Basic ", "invalid authorization format"],
    ["Basic %%%%", "invalid authorization format"],
    ["Basic YW5u", "invalid authorization format"],
    [basic("ann", "secret"), "invalid credentials"],
    [basic("ann", ""), "invalid credentials"],
    [basic("bob", "passwort"), "invalid credentials"],
    [basic("eve", "secret"), "invalid credentials"],
  ])("answer %s: %s", async (authorization, message) => {
    expect(await answer(extension, authorization)).toBe(message);
  });

  it("tell clients how to show who they are", () => {
    expect(extension.serverAuthenticator?.challenge).toBe('Basic realm="tidemark", charset="UTF-8"');
  });

  it("compute a slow hash once for a client that has it right", async () => {
    const right = basic("bob", "pass word");
    await answer(extension, right);
    expect(extension.serverAuthenticator?.authenticate({ authorization: right })).toBeInstanceOf(Map);
  });
});

describe("an htpasswd file", () => {
  it("is read again when it changes, and inline lines win over it", async () => {
    const { extension, files, context } = auth({ htpasswd: { file: "/h", inline: "ann:inline" } }, { "/h": "ann:file\n# old\nbob:one\n" });
    await extension.start?.();
    const tries = async (): Promise<unknown[]> =>
      Promise.all(
        [basic("ann", "inline"), basic("ann", "file"), basic("bob", "one"), basic("bob", "two")].map(
          async (it) => typeof (await answer(extension, it)),
        ),
      );
    expect(await tries()).toEqual(["object", "string", "object", "string"]);
    files.set("/h", "bob:two");
    await context.clock.advance(1000);
    await settlePromises();
    expect(await tries()).toEqual(["object", "string", "string", "object"]);
    files.set("/h", "bob");
    await context.clock.advance(1000);
    await settlePromises();
    expect(await tries()).toEqual(["object", "string", "string", "object"]);
    expect(context.lines.at(-1)?.fields["error"]).toBe(
      "/h: line 1 is not user:password; write a name, a colon, and the hash of the password",
    );
    void extension.shutdown?.(AbortSignal.abort());
    expect(context.clock.pending).toBe(0);
  });

  it("that says what cannot be checked stops the start", async () => {
    const { extension } = auth({ htpasswd: { file: "/h" } }, { "/h": "ok:plain\nann:$6$salt$hash" });
    await expect(extension.start?.()).rejects.toThrow("/h: line 2: a password hash of the kind $6$ cannot be checked");
  });
});

describe("clients", () => {
  it("send user name and password", () => {
    const { extension } = auth({ client_auth: { username: "ann", password: "sécret" } });
    expect(extension.clientAuthenticator?.headers()).toEqual({ authorization: "Basic YW5uOnPDqWNyZXQ=" });
    expect(extension.serverAuthenticator).toBeUndefined();
  });
});

describe("slow checks", () => {
  it("come one after the other, and a wrong one is followed by a rest of four times what it took", async () => {
    const { clock } = testContext();
    const lane = new SlowLane(clock);
    const began: number[] = [];
    const start = clock.now();
    const check = (result: boolean) => (): Promise<boolean> => {
      began.push(clock.now() - start);
      return new Promise((resolve) => void clock.setTimeout(() => resolve(result), 100));
    };
    const results = [false, true, true].map((result) => lane.run(check(result)));
    await settlePromises();
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(100);
      await settlePromises();
    }
    expect(await Promise.all(results)).toEqual([false, true, true]);
    expect(began).toEqual([0, 500, 600]);
  });

  it("refuse, retryably, when too many wait, and are there again afterwards", async () => {
    const lane = new SlowLane(testContext().clock);
    const waiting = Array.from({ length: 32 }, () => lane.run(async () => true));
    expect(() => void lane.run(async () => true)).toThrow(PipelineError.unavailable("too many passwords are being checked", 1000));
    await Promise.all(waiting);
    expect(await lane.run(async () => true)).toBe(true);
  });
});

describe("options", () => {
  it.each([
    [{}, "no credential source provided; write htpasswd or client_auth"],
    [{ htpasswd: {} }, "no credential source provided; write file or inline"],
    [
      { htpasswd: { inline: "a:b" }, client_auth: { username: "a", password: "b" } },
      "only one of `htpasswd` or `client_auth` can be specified; use a second extension, such as basicauth/client, for the other",
    ],
    [{ htpasswd: { inline: "ann" } }, "line 1 is not user:password; write a name, a colon, and the hash of the password"],
    [
      { htpasswd: { inline: "a:b\nann:$5$x$y" } },
      "line 2: a password hash of the kind $5$ cannot be checked; make one with: htpasswd -nB USER",
    ],
    [{ client_auth: { username: "a:b", password: "" } }, "write a user name without a colon"],
  ])("%o: %s", (options, message) => {
    expect(basicAuthConfig.safeParse(options).error?.issues.map((issue) => issue.message)).toContain(message);
  });
});
