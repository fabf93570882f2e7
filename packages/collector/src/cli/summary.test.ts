import { describe, expect, it } from "vitest";
import { endpointsIn, urlsIn } from "./summary.ts";

describe("endpointsIn", () => {
  it("finds endpoints at any depth, with the way to them", () => {
    const config = {
      protocols: { grpc: { endpoint: "localhost:4317" }, http: { endpoint: "localhost:4318", cors: {} } },
      list: [],
      none: null,
    };
    expect(endpointsIn(config)).toEqual(["grpc localhost:4317", "http localhost:4318"]);
    expect(endpointsIn({ endpoint: "localhost:1" })).toEqual(["localhost:1"]);
    expect(endpointsIn({ targets: [{ endpoint: "https://user:secret@shop.example.com/health" }] })).toEqual([]);
  });
});

describe("urlsIn", () => {
  it("names the scheme, the endpoint wherever it stands, and the path", () => {
    expect(urlsIn({ endpoint: "localhost:1", path: "/health", tls: undefined })).toEqual(["http://localhost:1/health"]);
    expect(urlsIn({ endpoint: "localhost:1", tls: { cert_file: "cert.pem" } })).toEqual(["https://localhost:1"]);
    expect(urlsIn({ use_v2: true, http: { endpoint: "localhost:1", status: { path: "/status" } } })).toEqual(["http://localhost:1"]);
    expect(urlsIn({ directory: "queues" })).toEqual([]);
  });
});
