import type { RecordLog } from "../log/record-log.ts";
import type { Space } from "../disk/space.ts";
import { CORRUPT } from "../state/letters-table.ts";
import type { StateClient } from "../state/state-client.ts";
import { recordOfLetter } from "./letter-record.ts";

const LETTERS_AT_ONCE = 32;

interface Parts {
  readonly log: RecordLog;
  readonly state: StateClient;
  readonly space: Space;
  /** Letters that are in the queue again and could not be deleted yet. */
  readonly returned: Set<number>;
}

/**
 * Puts the dead letters of `owner` that somebody wants to be sent again at the end of its queue, oldest first. A letter is deleted
 * when its record is on the disk: a crash in between sends it twice, and loses nothing.
 * @throws PipelineError when the storage cannot take them now; those that it took are done with.
 */
export async function replayLetters(owner: string, parts: Parts): Promise<{ readonly replayed: number; readonly damaged: number }> {
  let replayed = 0;
  let damaged = 0;
  for (;;) {
    const ids = await parts.state.call("lettersToReplay", [owner, LETTERS_AT_ONCE]);
    if (ids.length === 0) return { replayed, damaged };
    const outcomes = await Promise.allSettled(ids.map((id) => putBack(id, parts)));
    const done = ids.filter((_, index) => outcomes[index]?.status === "fulfilled" && outcomes[index].value === "replayed");
    if (done.length > 0) await parts.state.call("deleteLetters", [done]);
    for (const id of done) parts.returned.delete(id);
    replayed += done.length;
    damaged += outcomes.filter((outcome) => outcome.status === "fulfilled" && outcome.value === "damaged").length;
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}

async function putBack(id: number, { log, state, space, returned }: Parts): Promise<"replayed" | "damaged" | "gone"> {
  if (returned.has(id)) return "replayed";
  const found = await state.call("readLetter", [id]);
  if (found === undefined) return "gone";
  const { letter, body, whole } = found;
  if (!whole) {
    const message = `the dead letter is damaged: its checksum is wrong (before: ${letter.reason}: ${letter.message})`;
    await state.call("refuseReplay", [id, { reason: CORRUPT, message }]);
    return "damaged";
  }
  // It only moves: a storage that is full can still send its dead letters again.
  space.letterBytes -= letter.bytes;
  try {
    await log.append(recordOfLetter(letter, body));
    returned.add(id);
    return "replayed";
  } catch (error) {
    space.letterBytes += letter.bytes;
    throw error;
  }
}
