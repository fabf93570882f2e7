import { isDeepStrictEqual } from "node:util";
import { stackOf } from "@tidemark/core";
import { batchFromJson, batchFromObject, mergeBatches, openBatch, WireError, type Batch, type Signal } from "@tidemark/otlp";
import { DATA_TYPES } from "../lib/proto-types.ts";
import { referenceCodecs, type ReferenceCodec } from "../lib/reference-codecs.ts";
import { digest } from "./batch-digest.ts";
import { JsonWriter } from "./json-writer.ts";
import { MessageWriter } from "./message-writer.ts";
import { Tape } from "./tape.ts";
import { kindOf, type Target, type Verdict } from "./target.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const SLOWEST_MS = 1000;
/** No input has it. */
const OWN_KEY = "fuzz.own";

/** The OTLP codec: reading, editing, cutting, merging and writing, with other codecs as judges. */
export class CodecTarget implements Target {
  readonly name = "codec";
  readonly concurrency = 1;
  readonly share = 940;
  readonly #messages = new MessageWriter();
  readonly #texts = new JsonWriter();
  readonly #references = Object.fromEntries(SIGNALS.map((signal) => [signal, referenceCodecs(signal)])) as Readonly<
    Record<Signal, readonly ReferenceCodec[]>
  >;

  run(tape: Tape): Verdict {
    const first = this.#timed(tape);
    // What was slow once may have waited for the machine.
    const { verdict, ms } = first.ms < SLOWEST_MS ? first : this.#timed(new Tape(tape.bytes));
    return ms < SLOWEST_MS || verdict.fault !== undefined ? verdict : { ...verdict, fault: `it took ${Math.round(ms)} ms` };
  }

  #timed(tape: Tape): { readonly verdict: Verdict; readonly ms: number } {
    const startedAt = performance.now();
    const verdict = this.#judge(tape);
    return { verdict, ms: performance.now() - startedAt };
  }

  #judge(tape: Tape): Verdict {
    const signal = tape.pick(SIGNALS);
    const isJson = tape.byte() >= 160;
    const { bytes, sound } = (isJson ? this.#texts : this.#messages).write(DATA_TYPES[signal], tape);
    let kind = `${signal} ${isJson ? "json" : "protobuf"}`;
    try {
      const batch = isJson ? batchFromJson(signal, bytes) : openBatch(signal, bytes);
      kind += ` taken ${Math.min(batch.itemCount, 3)}`;
      this.#checkReferences(batch, sound && !isJson ? bytes : undefined);
      checkBatch(batch, tape, sound);
      return { kind };
    } catch (error) {
      if (!(error instanceof WireError)) return { kind, fault: stackOf(error) };
      kind += ` ${kindOf(error.message)}`;
      return sound ? { kind, fault: `a sound request is refused: ${error.message}` } : { kind };
    }
  }

  /** What we take, others can read; and of a sound request they read the same. */
  #checkReferences(batch: Batch, original: Buffer | undefined): void {
    const { signal } = batch;
    for (const { name, decode } of this.#references[signal]) {
      try {
        decode(batch.encode());
      } catch (error) {
        throw new Error(`${name} cannot read what was taken: ${String(error)}`, { cause: error });
      }
    }
    if (original === undefined) return;
    const object = batchFromObject(signal, batch.toObject() as never);
    if (!isDeepStrictEqual(this.#plain(signal, object.encode()), this.#plain(signal, original))) {
      throw new Error("protobufjs reads something else from the original than from its objects");
    }
  }

  #plain(signal: Signal, bytes: Uint8Array): unknown {
    const type = this.#messages.root.lookupType(DATA_TYPES[signal]);
    return type.toObject(type.decode(bytes), { longs: String, bytes: String, enums: Number, defaults: true });
  }
}

/** However a batch is copied, cut and put together, the same is read from it. */
function checkBatch(batch: Batch, tape: Tape, sound: boolean): void {
  const wanted = digest(batch);
  const same = (what: string, other: Batch): void => {
    const seen = digest(other);
    if (isDeepStrictEqual(seen, wanted)) return;
    const at = wanted.findIndex((line, index) => line !== seen[index]);
    throw new Error(`${what}: item ${at} of ${wanted.length} (now ${seen.length}) was\n${wanted[at]}\nand is\n${seen[at]}`);
  };
  const { signal } = batch;
  same("encode", openBatch(signal, batch.encode()));
  same("encodeChunks", openBatch(signal, Buffer.concat(batch.encodeChunks())));
  same("compact", batch.compact());
  // JSON has no form for a field that occurs twice.
  if (sound) same("toJson", batchFromJson(signal, batch.toJson()));
  if (batch.byteLength !== batch.encode().length) throw new Error("byteLength is not the length of encode()");
  if (batch.itemCount > 0) {
    same("splitByItems", merged(batch.splitByItems(1 + tape.below(4))));
    same("splitByBytes", merged(batch.splitByBytes(1 + tape.below(600))));
    checkFilter(batch, wanted, 1 + tape.below(3));
  }
  checkEdit(batch, same);
}

function merged(pieces: readonly Batch[]): Batch {
  const whole = mergeBatches(pieces as never) as Batch;
  return openBatch(whole.signal, whole.encode());
}

function checkFilter(batch: Batch, wanted: readonly string[], every: number): void {
  let index = 0;
  const kept = batch.filter(() => index++ % every === 0) as Batch;
  const expected = wanted.filter((_, at) => at % every === 0);
  if (!isDeepStrictEqual(digest(openBatch(kept.signal, kept.encode())), expected))
    throw new Error(`filter keeps others than every ${every}th`);
}

function checkEdit(batch: Batch, same: (what: string, other: Batch) => void): void {
  const set = editAll(batch, (attributes) => attributes.set(OWN_KEY, "1"));
  for (const items = set.items(); items.next();) {
    if (items.attributes.getString(OWN_KEY) !== "1") throw new Error("an attribute that was set is not there");
  }
  same(
    "set and delete",
    editAll(set, (attributes) => void attributes.delete(OWN_KEY)),
  );
}

type OwnAttributes = { set(key: string, value: string): void; delete(key: string): boolean };

/** Edits every item, and reads the result from its bytes. */
function editAll(batch: Batch, change: (attributes: OwnAttributes) => void): Batch {
  const visitor = { item: ({ attributes }: { readonly attributes: OwnAttributes }) => change(attributes) };
  const edited = batch.edit(visitor as never) as Batch;
  return openBatch(edited.signal, edited.encode());
}
