import type { BatchFunction, ComponentContext, Delivery } from "@tidemark/core";
import type { AttributesEditor, Batch, DataPointView, LogRecordView, Signal, SpanView } from "@tidemark/otlp";
import { AttributeActions, type AttributeChange } from "../../attribute-actions/attribute-actions.ts";
import type { AttributesConfig } from "./config.ts";
import { checkCriteria, logMatcher, pointMatcher, spanMatcher, type ItemMatcher } from "./item-matcher.ts";
import type { MatchConfig } from "./match-fields.ts";

/** An item whose attributes can be changed. */
type Editable<View> = View & { readonly attributes: AttributesEditor };

/** Makes the processor of one pipeline. */
export function createAttributes(
  { actions, include, exclude }: AttributesConfig,
  { signal }: ComponentContext & { readonly signal: Signal },
): BatchFunction {
  if (include !== undefined) checkCriteria(include, signal, "include");
  if (exclude !== undefined) checkCriteria(exclude, signal, "exclude");
  const compiled = new AttributeActions(actions);
  const isMeant = {
    traces: selection(spanMatcher, include, exclude),
    logs: selection(logMatcher, include, exclude),
    metrics: selection(pointMatcher, include, exclude),
  };
  return {
    process(batch: Batch, delivery: Delivery): Batch {
      const change = compiled.forRequest(delivery.context);
      switch (batch.signal) {
        case "traces":
          return batch.edit({ item: visitor<SpanView>(change, isMeant.traces) });
        case "logs":
          return batch.edit({ item: visitor<LogRecordView>(change, isMeant.logs) });
        case "metrics":
          return batch.edit({ item: visitor<DataPointView>(change, isMeant.metrics) });
      }
    },
  };
}

function selection<View>(
  make: (config: MatchConfig) => ItemMatcher<View>,
  include: MatchConfig | undefined,
  exclude: MatchConfig | undefined,
): ItemMatcher<View> | undefined {
  const isIncluded = include === undefined ? undefined : make(include);
  const isExcluded = exclude === undefined ? undefined : make(exclude);
  if (isExcluded === undefined) return isIncluded;
  return (item) => (isIncluded === undefined || isIncluded(item)) && !isExcluded(item);
}

function visitor<View>(change: AttributeChange, isMeant: ItemMatcher<View> | undefined): (item: Editable<View>) => void {
  if (isMeant === undefined) return (item) => change(item.attributes);
  return (item) => {
    if (isMeant(item)) change(item.attributes);
  };
}
