import { attributeText, serviceOf } from "@tidemark/alerting";
import { hashText, mixHash, type Partition } from "@tidemark/core";
import { AttributeKey, type ResourceView } from "@tidemark/otlp";
import type { EwmaThresholdConfig } from "./config.ts";

/**
 * All samples of a series meet, and with them all series whose alerts have the same identity: those that differ only in resource
 * attributes that are no labels. Otherwise two workers would raise the same alert.
 */
export function seriesPartition({ labels }: Pick<EwmaThresholdConfig, "labels">): Partition {
  const keys = labels.map((name) => new AttributeKey(name));
  return {
    name: `series:${labels.join(",")}`,
    metrics: () => {
      let metric = -1;
      let shared = 0;
      return (point) => {
        if (point.metric.index !== metric) {
          metric = point.metric.index;
          shared = mixHash(hashText(point.metric.name), hashLabels(point.resource, keys));
        }
        return mixHash(shared, point.attributes.hash());
      };
    },
    traces: () => {
      let resource = -1;
      let service = 0;
      return (span) => {
        if (span.resource.index !== resource) {
          resource = span.resource.index;
          service = hashText(serviceOf(span.resource));
        }
        return mixHash(service, hashText(span.name));
      };
    },
  };
}

function hashLabels({ attributes }: ResourceView, keys: readonly AttributeKey[]): number {
  let hash = 0;
  for (const key of keys) hash = mixHash(hash, hashText(attributeText(attributes.get(key))));
  return hash;
}
