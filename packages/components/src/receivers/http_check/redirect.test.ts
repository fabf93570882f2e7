import { describe, expect, it } from "vitest";
import { nextHop, type Hop } from "./redirect.ts";
import { checkOnce, site } from "./testing/site.ts";

const SECRETS = { authorization: "Bearer t", cookie: "c", "x-api-key": "k", host: "virtual.example.com" };
const hop = (url: string, more: Partial<Hop> = {}): Hop => ({
  url: new URL(url),
  method: "POST",
  headers: { "user-agent": "tidemark", "content-type": "text/plain", ...SECRETS },
  body: Buffer.from("body"),
  isTrusted: true,
  ...more,
});

describe("a redirect", () => {
  it.each([
    [301, "POST", "GET", false],
    [302, "PUT", "GET", false],
    [303, "HEAD", "HEAD", false],
    [307, "POST", "POST", true],
    [308, "DELETE", "DELETE", true],
  ])("%i leads from %s to %s", (status, method, expected, keepsBody) => {
    const next = nextHop(hop("http://a.example/x", { method }), status, "/y?z");
    expect([next?.url.href, next?.method, next?.body !== undefined, "content-type" in (next?.headers ?? {})]).toEqual([
      "http://a.example/y?z",
      expected,
      keepsBody,
      keepsBody,
    ]);
  });

  it.each([
    [200, "/y"],
    [300, "/y"],
    [304, "/y"],
    [302, undefined],
    [302, ""],
  ])("is not seen in status %i with location %j", (status, location) => {
    expect(nextHop(hop("http://a.example/"), status, location)).toBe(undefined);
  });

  it.each([
    ["https://a.example/", "https://a.example/y", true],
    ["https://a.example/", "https://b.a.example/y", true],
    ["http://a.example/", "https://a.example/y", true],
    ["https://a.example/", "http://a.example/y", false],
    ["https://a.example/", "https://b.example/y", false],
    ["https://a.example/", "https://xa.example/y", false],
    ["https://b.a.example/", "https://a.example/y", false],
  ])("from %s to %s: shows who we are: %s", (from, to, isTrusted) => {
    const next = nextHop(hop(from), 307, to);
    expect(next?.isTrusted).toBe(isTrusted);
    expect(Object.keys(next?.headers ?? {}).includes("x-api-key")).toBe(isTrusted);
    expect(next?.headers).toMatchObject({ "user-agent": "tidemark", "content-type": "text/plain" });
  });

  it("does not show who we are again after it has led elsewhere", () => {
    const away = nextHop(hop("http://a.example/"), 302, "http://b.example/");
    expect(away && nextHop(away, 302, "http://a.example/")).toMatchObject({ isTrusted: false, headers: { "user-agent": "tidemark" } });
  });

  it("keeps the name of a virtual host, and user and password, only on the same host", () => {
    const from = hop("http://u:p@a.example/");
    expect([nextHop(from, 302, "/y")].map((next) => [next?.headers["host"], next?.url.href])).toEqual([
      ["virtual.example.com", "http://u:p@a.example/y"],
    ]);
    expect([nextHop(from, 302, "http://b.a.example/y")].map((next) => [next?.headers["host"], next?.url.href])).toEqual([
      [undefined, "http://b.a.example/y"],
    ]);
  });

  it.each(["ftp://a.example/", "http://", "javascript:alert(1)", "http://a:%ff@a.example/"])("to %s fails", (location) => {
    expect(() => nextHop(hop("http://a.example/"), 302, location)).toThrow("redirect to no URL");
  });
});

describe("a check that is led elsewhere", () => {
  it("tells the status at the end, and no secret to others", async () => {
    await using shop = await site(({ url, headers }, response) => {
      const elsewhere = `http://localhost:${headers.host?.split(":")[1]}/c`;
      if (url === "/a") response.writeHead(302, { location: "b" }).end();
      else if (url === "/b") response.writeHead(302, { location: elsewhere }).end();
      else response.writeHead(401).end();
    });
    const extensions = { token: { clientAuthenticator: { headers: () => ({ authorization: "Bearer t" }) } } };
    const target = { endpoint: `${shop.url}/a`, auth: { authenticator: "token" }, headers: { "X-Key": "k" } };
    // Whoever has localhost as an IPv6 address only cannot reach the site by it.
    const result = await checkOnce(target, { extensions });
    expect(result.answer?.status).toBe(401);
    expect(shop.asked.map(({ line, headers }) => [line, headers.authorization, headers["x-key"]])).toEqual([
      ["GET 127.0.0.1/a", "Bearer t", "k"],
      ["GET 127.0.0.1/b", "Bearer t", "k"],
      ["GET localhost/c", undefined, undefined],
    ]);
  });

  it("gives up after ten requests", async () => {
    await using shop = await site((_request, response) => response.writeHead(302, { location: "/" }).end());
    const result = await checkOnce({ endpoint: shop.url });
    expect([result.failure, shop.asked.length]).toEqual([{ reason: "redirect_failed", message: "too many redirects" }, 10]);
  });
});
