import { expect, it } from "vitest";
import { rig } from "./testing/rig.ts";
import { TIMED_OUT } from "./failure.ts";

const ALL = [
  "httpcheck.dns.lookup.duration",
  "httpcheck.client.connection.duration",
  "httpcheck.tls.handshake.duration",
  "httpcheck.client.request.duration",
  "httpcheck.response.duration",
  "httpcheck.response.size",
  "httpcheck.tls.cert_remaining",
  "httpcheck.validation.passed",
  "httpcheck.validation.failed",
];

it("writes the Collector's metrics, and the condition of the target", async () => {
  const made = await rig(
    {
      metrics: Object.fromEntries(ALL.map((name) => [name, { enabled: true }])),
      targets: [{ endpoint: "https://pay.example.com/health", service: "payment-gateway" }, { endpoint: "http://dead.example.com/" }],
    },
    { takesMs: 12 },
  );
  made.endings.set("http://dead.example.com/", TIMED_OUT);
  await made.advance(70);
  await expect(`${JSON.stringify(JSON.parse(made.batches.at(-1)!.toJson()), undefined, 2)}\n`).toMatchFileSnapshot("testdata/metrics.json");
});

it("leaves out what is switched off", async () => {
  const off = { enabled: false };
  const made = await rig({
    targets: [{ endpoint: "http://a/" }],
    metrics: { "httpcheck.status": off, "httpcheck.duration": off, "httpcheck.error": off },
  });
  await made.advance(0);
  expect(made.batches.map(({ itemCount }) => itemCount)).toEqual([1]);
  await made.reload({
    targets: [{ endpoint: "http://a/" }],
    metrics: { "httpcheck.status": off, "httpcheck.duration": off, "health.status": off },
  });
  await made.advance(60);
  expect(made.batches.length).toBe(1);
});
