import type { ContractFixture } from "@tidemark/core/testing";

/** Port 0: every try gets a free one. */
export const contractFixture: ContractFixture = {
  open: async () => ({
    config: { http: { endpoint: "127.0.0.1:0" }, source: { contents: { default_strategy: { type: "probabilistic", param: 1 } } } },
    close: async () => {},
  }),
};
