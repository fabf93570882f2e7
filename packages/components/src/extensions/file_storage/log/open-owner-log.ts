import { join } from "node:path";
import { messageOf, type Random } from "@tidemark/core";
import type { StateClient } from "../state/state-client.ts";
import { Books } from "./books.ts";
import { readLog, type Loss } from "./open-log.ts";
import { folderOfOwner } from "./owner-name.ts";
import { RecordLog, type LogEnvironment } from "./record-log.ts";
import { SegmentWriter } from "./segment-writer.ts";
import type { Segment } from "./segment.ts";
import { SpareFiles } from "./spare-files.ts";

/** Opens the records of `owner` in its folder under `place.folder`; tells what of them is lost, and puts the remains aside. */
export async function openOwnerLog(
  owner: string,
  place: { readonly folder: string; readonly segmentBytes: number; readonly mostSpares: number },
  environment: LogEnvironment & { readonly state: Pick<StateClient, "call">; readonly random: Random; readonly folderMode: number },
): Promise<RecordLog> {
  const { files, state, log, space, random, folderMode } = environment;
  const folder = join(place.folder, folderOfOwner(owner));
  const found = await readLog(files, folder, await state.call("readMarks", [owner]));
  const { segmentBytes, mostSpares } = place;
  const spares = new SpareFiles({ files, folder, segmentBytes, mostSpares, hasRoom: (bytes) => space.hasPlenty(bytes) });
  const books = new Books(found.forgotten, { owner, folder, files, spares, state, clock: environment.clock, log });
  if (found.tornBytes > 0) {
    log.info("The end of a stored queue was being written when the process ended. Nobody was told that it is stored.", {
      owner,
      bytes: found.tornBytes,
    });
  }
  const kept = new Set<Segment>();
  for (const loss of found.losses) {
    environment.damaged(Math.max(1, loss.ids.length));
    log.error("Stored records cannot be read. Putting what is left of them among the dead letters.", {
      owner,
      file: loss.segment.path,
      problem: loss.message,
    });
    try {
      await buryRemains(loss, books, environment);
    } catch (error) {
      kept.add(loss.segment);
      log.warn("Damaged records could not be put among the dead letters; they stay where they are.", { owner, error: messageOf(error) });
    }
  }
  for (const segment of found.finished) if (!kept.has(segment)) books.finish(segment);
  space.queuedBytes += found.totals.bytes;
  const writer = new SegmentWriter({ files, folder, folderMode, segmentBytes, random, nextNumber: found.nextNumber, spares });
  return new RecordLog(found, { writer, books, spares }, environment);
}

async function buryRemains(
  { segment, ids, signal, message, remains, damage }: Loss,
  books: Books,
  environment: LogEnvironment,
): Promise<void> {
  const { clock, space } = environment;
  const { items = 0, receivedAt = clock.now() } = damage?.header ?? {};
  const done = (): void => {
    for (const id of ids) segment.markRemoved(id);
    space.letterBytes += remains.length;
  };
  await books.bury({
    segment,
    ids,
    record: { signal: damage?.header?.signal ?? signal, items, bytes: remains, receivedAt, transport: "" },
    reason: { reason: "corrupt", message, attempts: 0 },
    done,
  });
}
