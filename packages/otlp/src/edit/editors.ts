import { LogCursor } from "../views/log-cursor.ts";
import { ResourceRecord, ScopeRecord } from "../views/envelope-views.ts";
import { PointCursor } from "../views/point-cursor.ts";
import { SpanCursor } from "../views/span-cursor.ts";
import type { AttributeValue } from "../views/types.ts";
import { EditableAttributes } from "./editable-attributes.ts";
import type { DataPointEditor, LogRecordEditor, ResourceEditor, ScopeEditor, SpanEditor } from "./types.ts";

export class ResourceEditRecord extends ResourceRecord implements ResourceEditor {
  declare readonly attributes: EditableAttributes;

  constructor() {
    super((owner) => new EditableAttributes(owner, 1, "resource"));
  }
}

export class ScopeEditRecord extends ScopeRecord implements ScopeEditor {
  declare readonly attributes: EditableAttributes;

  constructor() {
    super((owner) => new EditableAttributes(owner, 3, "scope"));
  }
}

export class SpanEditCursor extends SpanCursor implements SpanEditor {
  declare readonly attributes: EditableAttributes;

  override get name(): string {
    return super.name;
  }

  override set name(value: string) {
    this.attributes.rewriter.setString(5, value);
  }

  override get traceState(): string {
    return super.traceState;
  }

  override set traceState(value: string) {
    this.attributes.rewriter.setString(3, value);
  }

  protected override makeAttributes(field: number): EditableAttributes {
    return new EditableAttributes(this, field, this.path);
  }

  override get resource(): ResourceEditRecord {
    return super.resource as ResourceEditRecord;
  }

  override get scope(): ScopeEditRecord {
    return super.scope as ScopeEditRecord;
  }

  protected override makeResource(): ResourceEditRecord {
    return new ResourceEditRecord();
  }

  protected override makeScope(): ScopeEditRecord {
    return new ScopeEditRecord();
  }
}

export class LogEditCursor extends LogCursor implements LogRecordEditor {
  declare readonly attributes: EditableAttributes;

  setBody(value: AttributeValue): void {
    this.attributes.rewriter.setAnyValue(5, value);
  }

  setSeverity(severityNumber: number, severityText: string): void {
    this.attributes.rewriter.setInt32(2, severityNumber);
    this.attributes.rewriter.setString(3, severityText);
  }

  protected override makeAttributes(field: number): EditableAttributes {
    return new EditableAttributes(this, field, this.path);
  }

  override get resource(): ResourceEditRecord {
    return super.resource as ResourceEditRecord;
  }

  override get scope(): ScopeEditRecord {
    return super.scope as ScopeEditRecord;
  }

  protected override makeResource(): ResourceEditRecord {
    return new ResourceEditRecord();
  }

  protected override makeScope(): ScopeEditRecord {
    return new ScopeEditRecord();
  }
}

export class PointEditCursor extends PointCursor implements DataPointEditor {
  declare readonly attributes: EditableAttributes;

  protected override makeAttributes(field: number): EditableAttributes {
    return new EditableAttributes(this, field, this.path);
  }

  override get resource(): ResourceEditRecord {
    return super.resource as ResourceEditRecord;
  }

  override get scope(): ScopeEditRecord {
    return super.scope as ScopeEditRecord;
  }

  protected override makeResource(): ResourceEditRecord {
    return new ResourceEditRecord();
  }

  protected override makeScope(): ScopeEditRecord {
    return new ScopeEditRecord();
  }
}
