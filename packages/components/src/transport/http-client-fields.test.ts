import { describe, expect, it } from "vitest";
import { headersField } from "./client-fields.ts";
import { urlField } from "./http-client-fields.ts";

const messages = (result: { error?: { issues: readonly { message: string }[] } | undefined }): readonly string[] =>
  (result.error?.issues ?? []).map(({ message }) => message);

describe("a URL", () => {
  it.each(["http://host", "https://user:p%25w@host:1/x?y=@", "HTTP://[::1]:8080/"])("may be %s", (url) => {
    expect(urlField().parse(url)).toBe(url);
  });

  it.each([
    ["ftp://user:secret@host/", '"ftp://REDACTED@host/" is not an HTTP URL; write http://host:port or https://host:port'],
    ["user:secret@host", '"REDACTED@host" is not an HTTP URL; write http://host:port or https://host:port'],
    ["http://a b/", '"http://a b/" is not an HTTP URL; write http://host:port or https://host:port'],
    [
      "http://user:secret%zz@host/",
      '"http://REDACTED@host/" has a % in its user or password that does not begin a code; write %25 for the character',
    ],
  ])("that is wrong is shown without its secrets: %s", (url, message) => {
    expect(messages(urlField().safeParse(url))).toEqual([message]);
  });
});

describe("headers", () => {
  it("may have every character that can be sent", () => {
    expect(headersField.parse({ "X-Key": "a\tb é~" })).toEqual({ "X-Key": "a\tb é~" });
  });

  it.each(["secret\n", "sec\r\nret: x", "secret\0", "🔑"])("are refused with %j, which is not shown", (value) => {
    expect(messages(headersField.safeParse({ Authorization: value }))).toEqual([
      'the value of "Authorization" has a line break or another character that no header can have; take it out, also at the end of a file',
    ]);
  });
});
