import type { Capabilities, CapabilityName } from "../contract/capabilities.ts";
import type { ComponentContext, Extension } from "../contract/component.ts";
import type { Running } from "./running.ts";
import { GraphError } from "./plan.ts";

/** How the components of a graph find what its extensions can do. Holds nothing of the graph but its extensions. */
export function capabilityOf(extensions: ReadonlyMap<string, Running<Extension>>): ComponentContext["capability"] {
  return (name, extensionId) => {
    const extension = extensions.get(extensionId);
    if (extension === undefined) throw new GraphError(`extension "${extensionId}" is not there; list it in service.extensions`);
    const provided: Partial<Capabilities> = extension.component;
    const capability = provided[name];
    if (capability === undefined) throw new GraphError(`extension "${extensionId}" is no ${words(name)}`);
    return capability;
  };
}

/** `serverAuthenticator` as `server authenticator`. */
function words(name: CapabilityName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
