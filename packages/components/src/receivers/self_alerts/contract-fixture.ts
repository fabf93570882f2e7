import type { ContractFixture } from "@tidemark/core/testing";

/** Nobody sends anything here: the watchdog comes by itself. */
export const contractFixture: ContractFixture = {
  makesOwnData: true,
  open: () =>
    Promise.resolve({
      config: { interval: "5ms", watchdog: { enabled: true, interval: "5ms" } },
      close: () => Promise.resolve(),
    }),
};
