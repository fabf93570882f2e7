/**
 * What the contract kit needs to try a component that talks to the world. A component folder exports it as `contractFixture`
 * from `contract-fixture.ts`; components without peers need none: the kit then uses the definition's own `example`.
 */
export interface ContractFixture {
  /** Starts the peer on loopback, on a free port. */
  open(): Promise<OpenFixture>;
  /** The receiver has no clients: with this configuration it sends two items or more by itself within a few seconds. */
  readonly makesOwnData?: boolean;
}

export interface OpenFixture {
  /** The component's YAML body as plain data, pointing at the peer. */
  readonly config: Readonly<Record<string, unknown>>;
  /** For exporters: items (spans, records, points, alerts) that the peer has received so far. */
  received?(): number;
  /** For receivers: sends one request of `items` items through the real protocol; resolves with the client's view of the answer. */
  send?(items: number): Promise<"accepted" | "retryable" | "permanent">;
  close(): Promise<void>;
}
