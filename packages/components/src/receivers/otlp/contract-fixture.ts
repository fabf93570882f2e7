import { freePort, type ContractFixture } from "@tidemark/core/testing";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A client of the HTTP endpoint. */
export const contractFixture: ContractFixture = {
  async open() {
    const port = await freePort();
    return {
      config: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } },
      async send(items) {
        const reply = await httpSend(port, { headers: { "content-type": "application/x-protobuf" }, body: exportRequest("traces", items) });
        if (reply.status === 200) return "accepted";
        return RETRYABLE.has(reply.status) ? "retryable" : "permanent";
      },
      close: () => Promise.resolve(),
    };
  },
};
