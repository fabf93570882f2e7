import type { Alert } from "../alert.ts";
import { fingerprint } from "../fingerprint.ts";

/** A complete, plausible alert for tests and examples; `changes` replaces what a test is about. */
export function sampleAlert(changes: Partial<Alert> = {}): Alert {
  const labels = { "service.name": "chat-gateway", "chat.type": "group" };
  return {
    name: "delivery latency",
    status: "firing",
    severity: "warning",
    severityText: "warning",
    fingerprint: fingerprint("delivery latency", labels),
    summary: "chat.delivery.latency of chat-gateway is 812.4 ms, above 152.25 ms",
    metric: "chat.delivery.latency",
    unit: "ms",
    value: 812.4,
    threshold: 152.25,
    operator: ">",
    startsAt: 1_760_000_000_000_000_000n,
    endsAt: undefined,
    labels,
    annotations: {},
    resource: { "service.name": "chat-gateway", "host.name": "gw-1" },
    source: "ewma_threshold/latency",
    evidence: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      roomId: "room-42",
      userAgent: "ChatApp/5.1 (iPhone; iOS 19.1)",
      baggage: { tenant_id: "t-7" },
      samples: [
        {
          traceId: "0af7651916cd43dd8448eb211c80319c",
          spanId: "b7ad6b7169203331",
          roomId: "room-42",
          userAgent: "ChatApp/5.1 (iPhone; iOS 19.1)",
          baggage: { tenant_id: "t-7" },
          value: 812.4,
          at: 1_759_999_999_000,
          deviant: true,
        },
        {
          traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
          spanId: "00f067aa0ba902b7",
          roomId: "room-7",
          userAgent: "ChatWeb/2.0",
          baggage: {},
          value: 98.5,
          at: 1_759_999_998_500,
          deviant: false,
        },
      ],
    },
    ...changes,
  };
}
