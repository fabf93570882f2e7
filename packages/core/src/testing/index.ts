export type * from "./contract-fixture.ts";
export { seededRandom } from "./seeded-random.ts";
export { settlePromises, VirtualClock } from "./virtual-clock.ts";
