import type { DeliveryContext } from "@tidemark/core";

const METADATA = "metadata.";
const AUTH = "auth.";

/** The value of `from_context`; undefined when the request does not have it. A name without prefix is a header too. */
export function contextValue(name: string, context: DeliveryContext): string | undefined {
  if (name === "client.address") return context.clientAddress;
  if (name.startsWith(AUTH)) return context.auth?.get(name.slice(AUTH.length));
  const header = name.startsWith(METADATA) ? name.slice(METADATA.length) : name;
  const values = context.metadata?.get(header.toLowerCase());
  return values === undefined || values.length === 0 ? undefined : values.join(";");
}
