import { PipelineError } from "@tidemark/core";
import type { Extension, RequestHeaders } from "@tidemark/core";
import { settlePromises, testContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { createBearerTokenAuth } from "./bearer-token-auth.ts";
import { bearerTokenAuthConfig } from "./config.ts";

const MISMATCH = "provided authorization does not match expected scheme or token";

/** "in", or the words of the refusal. */
function answer(extension: Extension, headers: RequestHeaders): string {
  try {
    void extension.serverAuthenticator?.authenticate(headers);
    return "in";
  } catch (caught) {
    expect(caught).toBeInstanceOf(PipelineError);
    expect(caught).toMatchObject({ code: "unauthenticated", retryable: false });
    return (caught as PipelineError).message;
  }
}

function auth(options: Record<string, unknown>, files: Readonly<Record<string, string>> = {}) {
  const context = testContext({ id: "bearertokenauth", kind: "extension" });
  const all = new Map(Object.entries(files));
  const readText = async (path: string): Promise<string> => {
    const text = all.get(path);
    if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
    return text;
  };
  const extension = createBearerTokenAuth(bearerTokenAuthConfig.parse(options), context, readText);
  const pass = async (): Promise<void> => {
    await context.clock.advance(1000);
    await settlePromises();
  };
  return { extension, context, files: all, pass };
}

describe("servers", () => {
  const { extension } = auth({ token: "s3cret" });

  it.each([
    ["Bearer s3cret", "in"],
    ["bearer s3cret", "in"],
    ["Bearer S3CRET", MISMATCH],
    ["Bearer s3cret ", MISMATCH],
    ["Bearer ", MISMATCH],
    ["Bearer", MISMATCH],
    ["s3cret", MISMATCH],
    ["Basic s3cret", MISMATCH],
    ["", "missing or empty authorization header: authorization"],
  ])("answer %j: %s", (authorization, expected) => {
    expect(answer(extension, { authorization })).toBe(expected);
  });

  it("miss a header that is not there", () => {
    expect(answer(extension, {})).toBe("missing or empty authorization header: authorization");
  });

  it("look at the first of several values", () => {
    expect(answer(extension, { authorization: ["Bearer s3cret", "Bearer other"] })).toBe("in");
  });

  it("accept each of several tokens", () => {
    const several = auth({ tokens: ["old", "new"] }).extension;
    expect(["Bearer old", "Bearer new", "Bearer older"].map((authorization) => answer(several, { authorization }))).toEqual([
      "in",
      "in",
      MISMATCH,
    ]);
  });

  it("take an API key in a header of its own", () => {
    const apiKey = auth({ header: "X-Api-Key", scheme: "", token: "k1" }).extension;
    expect(answer(apiKey, { "x-api-key": "k1" })).toBe("in");
    expect(answer(apiKey, { "x-api-key": "Bearer k1" })).toBe(MISMATCH);
    expect(answer(apiKey, { authorization: "Bearer k1" })).toBe("missing or empty authorization header: x-api-key");
  });
});

describe("clients", () => {
  it.each([
    [{ token: "s3cret" }, { authorization: "Bearer s3cret" }],
    [{ tokens: ["first", "second"] }, { authorization: "Bearer first" }],
    [{ scheme: "Token", token: "t" }, { authorization: "Token t" }],
    [{ header: "X-Api-Key", scheme: "", token: "k1" }, { "x-api-key": "k1" }],
  ])("with %o send %o", (options, expected) => {
    expect(auth(options).extension.clientAuthenticator?.headers()).toEqual(expected);
  });
});

describe("a file", () => {
  it("holds a token in each line, wins over other tokens, and is read again when it changes", async () => {
    const { extension, files, pass, context } = auth({ filename: "/t", token: "unused" }, { "/t": "one\r\n\n two \n" });
    await extension.start?.();
    const tries = (): string[] =>
      ["one", "two", "three", "unused"].filter((it) => answer(extension, { authorization: `Bearer ${it}` }) === "in");
    expect(tries()).toEqual(["one", "two"]);
    expect(extension.clientAuthenticator?.headers()).toEqual({ authorization: "Bearer one" });
    files.set("/t", "three");
    await pass();
    expect(tries()).toEqual(["three"]);
    expect(extension.clientAuthenticator?.headers()).toEqual({ authorization: "Bearer three" });
    void extension.shutdown?.(AbortSignal.abort());
    expect(context.clock.pending).toBe(0);
  });

  it("that is gone or empty later leaves its last tokens in force, says so once, and counts again when it is back", async () => {
    const { extension, files, pass, context } = auth({ filename: "/t" }, { "/t": "one" });
    await extension.start?.();
    files.delete("/t");
    await pass();
    await pass();
    files.set("/t", "\n");
    await pass();
    expect(answer(extension, { authorization: "Bearer one" })).toBe("in");
    expect(context.lines.map(({ level, fields }) => [level, fields["error"]])).toEqual([
      ["warn", "ENOENT: no such file, open '/t'"],
      ["warn", "/t holds no token; write one in each line"],
    ]);
    files.set("/t", "two");
    await pass();
    expect(answer(extension, { authorization: "Bearer two" })).toBe("in");
  });

  it("that cannot be read, or holds nothing, stops the start", async () => {
    await expect(auth({ filename: "/missing" }).extension.start?.()).rejects.toThrow("ENOENT: no such file, open '/missing'");
    await expect(auth({ filename: "/t" }, { "/t": "" }).extension.start?.()).rejects.toThrow("/t holds no token; write one in each line");
  });

  it("lets nobody in before it was read", () => {
    expect(answer(auth({ filename: "/t" }).extension, { authorization: "Bearer " })).toBe(MISMATCH);
  });
});

describe("options", () => {
  it.each([
    [{}, "no bearer token provided; write token, tokens or filename"],
    [{ token: "a", tokens: ["b"] }, "either tokens or token should be set, not both; take one of them out"],
    [{ token: "a\nb" }, "a token must fit into one header line; take line ends and special characters out"],
    [{ token: "" }, "a token must not be empty; write the token, or take it out"],
    [{ token: "a", header: "X Key" }, "write the name of a header, such as Authorization or X-Api-Key"],
  ])("%o: %s", (options, message) => {
    expect(bearerTokenAuthConfig.safeParse(options).error?.issues.map((issue) => issue.message)).toContain(message);
  });
});
