import type { Lifecycle } from "../contract/component.ts";

/** A component with its name for messages. */
export interface Running<T extends Lifecycle = Lifecycle> {
  /** Key of its books, or `extension/id`. */
  readonly key: string;
  readonly id: string;
  readonly component: T;
}
