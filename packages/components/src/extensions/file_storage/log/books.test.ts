import { mkdtempSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordingLogger, VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StateCalls } from "../state/state-calls.ts";
import type { StateClient } from "../state/state-client.ts";
import { Books } from "./books.ts";
import { diskFiles } from "../disk/file-layer.ts";
import { Segment } from "./segment.ts";
import { SpareFiles } from "./spare-files.ts";

describe("books on a full disk", () => {
  it("let files go whose marks have no room, and save the marks as soon as that has made some", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-books-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "0000000001.log");
    writeFileSync(path, "");
    const clock = new VirtualClock();
    const saves: { readonly at: number; readonly marks: number; readonly gone: readonly number[] }[] = [];
    const begun = clock.now();
    const state: Pick<StateClient, "call"> = {
      call: (async (_: "saveMarks", [, marks, gone]: Parameters<StateCalls["saveMarks"]>) => {
        saves.push({ at: clock.now() - begun, marks: marks.length, gone });
        if (saves.length === 1) throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
      }) as StateClient["call"],
    };
    const files = diskFiles({ fsync: false, mode: 0o600 });
    const spares = new SpareFiles({ files, folder, segmentBytes: 0, mostSpares: 1, hasRoom: () => true });
    const books = new Books([], { owner: "a", folder, files, spares, state, clock, log: recordingLogger([]) });
    const segment = new Segment({ number: 1, path, salt: 1, firstId: 1, size: 0 });
    segment.isFilled = true;
    books.finish(segment);
    await expect.poll(() => clock.advance(20).then(() => saves.length)).toBe(2);
    expect(existsSync(path)).toBe(false);
    expect(saves.map(({ gone }) => gone)).toEqual([[], [1]]);
    expect(saves[1]?.at).toBeLessThan(2000);
  });
});
