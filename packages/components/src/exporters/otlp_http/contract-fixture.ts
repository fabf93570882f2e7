import type { ContractFixture } from "@tidemark/core/testing";
import { httpBackend } from "../../transport/testing/fake-backend.ts";

/** An OTLP/HTTP server. */
export const contractFixture: ContractFixture = {
  async open() {
    const backend = await httpBackend();
    return { config: { endpoint: `http://127.0.0.1:${backend.port}` }, received: () => backend.items(), close: () => backend.close() };
  },
};
