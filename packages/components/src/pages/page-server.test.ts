import { freePort, testContext } from "@tidemark/core/testing";
import { expect, it } from "vitest";
import { PageServer, textPage } from "./page-server.ts";

it("takes everything behind the first question mark for the query", async () => {
  const { clock, log } = testContext({ id: "health_check", kind: "extension" });
  const endpoint = `127.0.0.1:${await freePort()}`;
  const server = new PageServer({ endpoint, clock, log, answer: ({ path, query }) => textPage(200, `${path} ${query.get("a")}`) });
  await server.start();
  const ask = async (target: string): Promise<string> => (await fetch(`http://${endpoint}${target}`)).text();
  expect(await ask("/x?a=b?c")).toBe("/x b?c\n");
  expect(await ask("/x")).toBe("/x null\n");
  await server.close();
});
