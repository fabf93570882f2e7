import type { ContractFixture } from "@tidemark/core/testing";
import { grpcBackend } from "../../transport/testing/fake-backend.ts";

/** An OTLP/gRPC server. */
export const contractFixture: ContractFixture = {
  async open() {
    const backend = await grpcBackend();
    return {
      config: { endpoint: `127.0.0.1:${backend.port}`, tls: { insecure: true } },
      received: () => backend.items(),
      close: () => backend.close(),
    };
  },
};
