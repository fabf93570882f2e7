import type { Topology } from "../contract/component.ts";
import type { GraphSpec } from "./graph-spec.ts";

/** Which components a specification has, by their ids. */
export function topologyOf({ extensions, pipelines }: GraphSpec): Topology {
  return {
    extensions: extensions.map(({ id }) => id),
    pipelines: pipelines.map(({ id, receivers, processors, exporters }) => ({ id, receivers, processors, exporters })),
  };
}
