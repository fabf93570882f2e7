import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { listen, parseListenAddress } from "./listen.ts";

describe("endpoints to listen on", () => {
  it.each(["192.0.2.1", "nowhere.invalid"])("names a fix for %s, which is no address of this machine", async (host) => {
    await expect(listen(createServer(), { host, port: 0 }, `${host}:0`)).rejects.toThrow(
      /^cannot listen on .*; write an address of this machine, such as localhost, or 0\.0\.0\.0 for all of them$/,
    );
  });

  it.each([
    ["localhost:4317", "tcp", { host: "localhost", port: 4317 }],
    [":4317", "tcp", { host: undefined, port: 4317 }],
    ["[::1]:0", "tcp", { host: "::1", port: 0 }],
    ["/run/otlp.sock", "unix", { path: "/run/otlp.sock" }],
    ["4317", "tcp", undefined],
    ["::1:4317", "tcp", undefined],
    ["http://a:1", "tcp", undefined],
  ] as const)("%s", (endpoint, transport, expected) => {
    expect(parseListenAddress(endpoint, transport)).toEqual(expected);
  });
});
