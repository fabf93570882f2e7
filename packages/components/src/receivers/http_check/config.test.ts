import { describe, expect, it } from "vitest";
import { httpCheckConfig } from "./config.ts";
import { targetsOf } from "./target.ts";

const messages = (config: unknown): string[] =>
  httpCheckConfig.safeParse(config).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
const target = (more: object): object => ({ targets: [{ endpoint: "http://a/", ...more }] });

describe("http_check configuration", () => {
  it("has the Collector's defaults, and three failures", () => {
    const config = httpCheckConfig.parse({ targets: [{ endpoint: "https://a.example/health" }] });
    expect([config.collection_interval, config.initial_delay, config.timeout, config.failure_threshold]).toEqual([60_000, 1000, 0, 3]);
    const enabled = Object.entries(config.metrics).flatMap(([name, metric]) => (metric.enabled ? [name] : []));
    expect(enabled).toEqual(["httpcheck.status", "httpcheck.duration", "httpcheck.error", "health.status"]);
    expect(targetsOf(config)).toMatchObject([{ method: "GET", service: "a.example", timeoutMs: 30_000, failureThreshold: 3 }]);
  });

  it("takes the Collector's options, and endpoint beside endpoints as it does", () => {
    const config = httpCheckConfig.parse({
      collection_interval: "30s",
      initial_delay: "0s",
      timeout: "2s",
      metrics: { "httpcheck.duration": { enabled: false }, "httpcheck.tls.cert_remaining": { enabled: true } },
      targets: [
        { endpoint: "http://a/", endpoints: ["http://b/", "http://c/"], timeout: "5s", read_buffer_size: 1, force_attempt_http2: true },
        { method: "post", endpoints: ["http://d/"], body: "{}", headers: { "X-A": "b" }, tls: { insecure_skip_verify: true } },
      ],
    });
    expect(targetsOf(config).map(({ shownUrl, method, timeoutMs }) => [shownUrl, method, timeoutMs])).toEqual([
      ["http://a/", "GET", 5000],
      ["http://b/", "GET", 5000],
      ["http://c/", "GET", 5000],
      ["http://d/", "POST", 2000],
    ]);
  });

  it("shows no user and password", () => {
    const config = httpCheckConfig.parse({ targets: [{ endpoints: ["http://ann:secret@a/x?y", "http://ann@a/", "HTTP://A/x"] }] });
    expect(targetsOf(config).map(({ shownUrl }) => shownUrl)).toEqual([
      "http://REDACTED:REDACTED@a/x?y",
      "http://REDACTED@a/",
      "HTTP://A/x",
    ]);
  });

  it("tells targets apart by what is asked, not by when it counts as failed", () => {
    const keys = (more: object): readonly string[] => targetsOf(httpCheckConfig.parse(target(more))).map(({ key }) => key);
    expect(keys({ timeout: "1s", failure_threshold: 9 })).toEqual(keys({}));
    const different = [{}, { method: "HEAD" }, { headers: { a: "b" } }, { validations: [{ contains: "x" }] }, { endpoint: "http://b/" }];
    expect(new Set(different.flatMap(keys)).size).toBe(different.length);
    expect(new Set(keys({ endpoints: ["http://a/", "http://a/"] })).size).toBe(3);
  });

  it.each([
    [{}, ["targets: Invalid input: expected array, received undefined"]],
    [{ targets: [] }, ["targets: no target is configured; write targets: [{ endpoint: https://host/path }]"]],
    [
      { targets: [{ method: "GET" }] },
      ["targets.0.endpoint: at least one of endpoint and endpoints must be specified; write endpoint: https://host/path"],
    ],
    [target({ endpoint: "a:80" }), ['targets.0.endpoint: "a:80" is not an HTTP URL; write http://host:port or https://host:port']],
    [
      target({ endpoints: ["ftp://a/"] }),
      ['targets.0.endpoints.0: "ftp://a/" is not an HTTP URL; write http://host:port or https://host:port'],
    ],
    [target({ method: "G T" }), ["targets.0.method: is not a method; write for example GET or HEAD"]],
    [target({ method: "CONNECT" }), ["targets.0.method: CONNECT asks for a tunnel, which says nothing about a target; use GET"]],
    [target({ expected_status: [] }), ["targets.0.expected_status: no status would be right; write for example [2xx]"]],
    [
      target({ expected_status: ["2x"] }),
      ['targets.0.expected_status.0: "2x" is no HTTP status; write one such as 204, or a class such as 2xx'],
    ],
    [
      target({ expected_status: [999] }),
      ['targets.0.expected_status.0: "999" is no HTTP status; write one such as 204, or a class such as 2xx'],
    ],
    [target({ validations: [{}] }), ["targets.0.validations.0: it asks for nothing; write for example contains: ok"]],
    [target({ validations: [{ equals: "a" }] }), ["targets.0.validations.0.equals: equals is about the value at json_path; add json_path"]],
    [
      target({ validations: [{ min_size: 2, max_size: 1 }] }),
      ["targets.0.validations.0.min_size: min_size is more than max_size; write a smaller one"],
    ],
    [
      target({ validations: [{ regex: "(" }] }),
      ["targets.0.validations.0.regex: missing closing ): `(`; close the group, or write \\( for the character"],
    ],
    [{ ...target({}), collection_interval: "0s" }, ["collection_interval: must be more than 0; write for example 60s"]],
    [{ ...target({}), failure_threshold: 0 }, ["failure_threshold: Too small: expected number to be >=1"]],
  ])("refuses %j", (config, expected) => {
    expect(messages(config)).toEqual(expected);
  });
});
