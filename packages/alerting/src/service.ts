import type { ResourceView } from "@tidemark/otlp";
import type { Alert } from "./alert.ts";

/** What OpenTelemetry calls a service without a name. */
const UNKNOWN = "unknown_service";

/** The service that a resource belongs to. Evidence is filed and asked for under this name. */
export function serviceOf(resource: ResourceView): string {
  return resource.attributes.getString("service.name") ?? UNKNOWN;
}

/** The service that an alert is about: the resource's, else the label's, else `unknown_service`. */
export function alertService(alert: Alert): string {
  const name = alert.resource["service.name"] ?? alert.labels["service.name"];
  return typeof name === "string" && name !== "" ? name : UNKNOWN;
}
