import type { ContractFixture } from "@tidemark/core/testing";

/** Port 0: every try gets a free one. */
export const contractFixture: ContractFixture = {
  open: async () => ({ config: { use_v2: true, http: { endpoint: "127.0.0.1:0" } }, close: async () => {} }),
};
