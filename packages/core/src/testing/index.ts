export type * from "./contract-fixture.ts";
export type * from "./contract-case.ts";
export { contractCases } from "./contract-kit.ts";
export { fakeSink, fakeSource, type FakeSink, type FakeSource } from "./fake-components.ts";
export { freePort, freePorts } from "./free-port.ts";
export { MemoryStorage, type DeadLetter, type MemoryStorageOptions, type StorageOperation } from "./memory-storage.ts";
export { seededRandom } from "./seeded-random.ts";
export { recordingLogger, testContext, testDelivery, testEnvironment, type LoggedLine, type TestContext } from "./test-context.ts";
export { settlePromises, VirtualClock } from "./virtual-clock.ts";
