import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ContractFixture } from "@tidemark/core/testing";

/** A webhook receiver that counts the alerts it is told. */
export const contractFixture: ContractFixture = {
  async open() {
    let received = 0;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const payload = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { alerts: unknown[] };
        received += payload.alerts.length;
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      config: { url: `http://127.0.0.1:${port}/hook` },
      received: () => received,
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};
