import { expect, it } from "vitest";
import { haveSamePort } from "./takeover.ts";

it.each([
  [{ endpoint: "localhost:4317" }, { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } }, true],
  [{ endpoint: "localhost:4317" }, { endpoint: "localhost:4318" }, false],
  [{ endpoint: "localhost:0" }, { endpoint: "localhost:0" }, false],
  [{ endpoint: "/run/a.sock" }, { endpoint: "/run/a.sock" }, true],
  [{ endpoint: "localhost:4318" }, { targets: [{ endpoint: "http://localhost:4318" }] }, false],
])("of %j and %j have the same port: %s", (a, b, isSo) => {
  expect(haveSamePort(a, b)).toBe(isSo);
});
