import type { ContractFixture } from "@tidemark/core/testing";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Nobody sends anything here: a server is asked. */
export const contractFixture: ContractFixture = {
  makesOwnData: true,
  async open() {
    const server = createServer((_request, response) => response.end("ok"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      config: { collection_interval: "5ms", initial_delay: "0s", targets: [{ endpoint: `http://127.0.0.1:${port}/health` }] },
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    };
  },
};
