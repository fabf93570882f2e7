import { describe, expect, it } from "vitest";
import { otlpReceiverConfig } from "./config.ts";

const messages = (config: unknown): string[] =>
  otlpReceiverConfig.safeParse(config).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

describe("otlp receiver configuration", () => {
  it("takes the Collector's form and fills in the defaults", () => {
    const config = otlpReceiverConfig.parse({ protocols: { grpc: { endpoint: "127.0.0.1:4317", max_recv_msg_size_mib: 64 }, http: null } });
    expect([
      config.protocols.grpc?.max_recv_msg_size_mib,
      config.protocols.http?.endpoint,
      config.protocols.http?.max_request_body_size,
      config.max_in_flight_bytes,
    ]).toEqual([64, "localhost:4318", 64 << 20, 256 << 20]);
    expect([config.protocols.http?.traces_url_path, config.protocols.http?.read_timeout]).toEqual(["/v1/traces", 60_000]);
  });

  it("takes the Collector's options that people set", () => {
    const grpc = {
      endpoint: "0.0.0.0:4317",
      transport: "tcp",
      max_concurrent_streams: 16,
      read_buffer_size: 1024,
      write_buffer_size: 1024,
      keepalive: {
        server_parameters: { max_connection_age: "10m", time: "30s" },
        enforcement_policy: { min_time: "10s", permit_without_stream: true },
      },
    };
    const http = {
      endpoint: "[::]:4318",
      traces_url_path: "my/traces",
      cors: { allowed_origins: ["*"], max_age: 7200 },
      compression_algorithms: ["", "gzip"],
      idle_timeout: "5m",
      tls: { cert_file: "a.pem", key_file: "b.pem", client_ca_file: "c.pem", min_version: "1.3" },
    };
    expect(messages({ protocols: { grpc, http } })).toEqual([]);
    expect(otlpReceiverConfig.parse({ protocols: { http } }).protocols.http?.traces_url_path).toBe("/my/traces");
  });

  it.each([
    [{ protocols: {} }, ["protocols: must specify at least one protocol when using the OTLP receiver"]],
    [{ protocols: { htttp: {}, http: {} } }, ['protocols: Unrecognized key: "htttp"']],
    [
      { protocols: { grpc: { endpoint: "nowhere" } } },
      ['protocols.grpc.endpoint: "nowhere" is not an endpoint; write host:port, such as 0.0.0.0:4317'],
    ],
    [
      { protocols: { http: { endpoint: "http://localhost:4318" } } },
      ['protocols.http.endpoint: "http://localhost:4318" is not an endpoint; write host:port, such as 0.0.0.0:4318'],
    ],
    [
      { protocols: { http: { endpoint: "localhost:99999" } } },
      ['protocols.http.endpoint: "localhost:99999" is not an endpoint; write host:port, such as 0.0.0.0:4318'],
    ],
    [
      { protocols: { http: { logs_url_path: "/a b" } } },
      ['protocols.http.logs_url_path: invalid HTTP URL path set for signal: "/a b"; use a path such as /v1/logs'],
    ],
    [
      { protocols: { http: { tls: {} } } },
      ["protocols.http.tls.cert_file: TLS configuration must include both certificate and key for server connections"],
    ],
    [
      { protocols: { http: { tls: { cert_file: "a", cert_pem: "b", key_file: "k" } } } },
      ["protocols.http.tls.cert_pem: provide either a certificate or the PEM-encoded string, but not both"],
    ],
    [
      { protocols: { http: { tls: { cert_file: "a", key_file: "k", min_version: "1.4" } } } },
      ['protocols.http.tls.min_version: unsupported TLS version: "1.4"'],
    ],
    [
      { protocols: { http: { tls: { cert_file: "a", key_file: "k", min_version: "1.3", max_version: "1.2" } } } },
      ["protocols.http.tls.min_version: min_version cannot be greater than max_version"],
    ],
    [
      { protocols: { http: { tls: { cert_file: "a", key_file: "k", cipher_suites: ["X"] } } } },
      ['protocols.http.tls.cipher_suites.0: invalid TLS cipher suite: "X"'],
    ],
    [
      { protocols: { http: {} }, max_in_flight_bytes: 1000 },
      ["max_in_flight_bytes: must be at least the largest request, 67108864 bytes, or such a request could never be accepted"],
    ],
  ])("says what is wrong with %j", (config, expected) => {
    expect(messages(config)).toEqual(expected);
  });
});
