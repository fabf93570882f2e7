import { lookup as systemLookup } from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { once } from "node:events";
import { expect, it } from "vitest";
import { HttpAgents } from "../../transport/http-poster.ts";
import { exchange } from "./exchange.ts";
import { sharedLookup } from "./shared-lookup.ts";

type Answer = Parameters<LookupFunction>[2];

it("asks for a name once at a time, whoever waits for it", () => {
  const asked: { name: string; answer: Answer }[] = [];
  const lookup = sharedLookup((name, _options, answer) => void asked.push({ name, answer }));
  const got: unknown[] = [];
  const ask = (name: string, options: Parameters<LookupFunction>[1] = { all: true }): void =>
    lookup(name, options, (error, address) => void got.push(error?.message ?? address));
  for (let round = 0; round < 1000; round++) ask("dead.example.com");
  ask("dead.example.com", { family: 4 });
  ask("other.example.com");
  expect(asked.map(({ name }) => name)).toEqual(["dead.example.com", "dead.example.com", "other.example.com"]);
  asked[0]?.answer(new Error("no answer"), []);
  expect(got).toEqual(Array.from({ length: 1000 }, () => "no answer"));
  ask("dead.example.com");
  expect(asked).toHaveLength(4);
  asked[3]?.answer(null, [{ address: "10.0.0.1", family: 4 }]);
  expect(got.at(-1)).toEqual([{ address: "10.0.0.1", family: 4 }]);
});

it("is what connections are made by", async () => {
  const server = createServer((_request, response) => response.end("fine")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const names: string[] = [];
  const lookup = sharedLookup((name, options, answer) => {
    names.push(name);
    systemLookup("127.0.0.1", options, answer);
  });
  const agents = new HttpAgents({}, { keepAlive: false, lookup });
  const url = new URL(`http://pay.example.com:${(server.address() as AddressInfo).port}/`);
  const request = { url, method: "GET", headers: {}, body: undefined, proxyTimeoutMs: 30_000, maxBodyBytes: 10, keepsBody: true };
  expect(String((await exchange(request, agents, () => 0, new AbortController().signal)).body)).toBe("fine");
  expect(names).toEqual(["pay.example.com"]);
  server.close();
});
