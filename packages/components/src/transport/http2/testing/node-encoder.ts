import { Duplex } from "node:stream";
import { connect } from "node:http2";
import { FRAME, frame } from "../../testing/h2-frames.ts";
import { FLAG, PREFACE, SETTING, TYPE } from "../frame.ts";
import { encodeSettings } from "../settings.ts";
import { readFrames } from "./read-frames.ts";

/** Header fields as Node's client takes them. */
export type PlainHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * The header blocks, in their order, that Node's HTTP/2 client (nghttp2) makes of requests on one connection, whose server allows it a table
 * of so many bytes before each of them.
 */
export async function nodeHeaderBlocks(
  requests: readonly { readonly headers: PlainHeaders; readonly tableSize: number }[],
): Promise<Buffer[]> {
  const written: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  const session = connect("http://localhost", { createConnection: () => wire });
  session.on("error", () => undefined);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let table = -1;
  for (const { headers, tableSize } of requests) {
    if (tableSize !== table) {
      table = tableSize;
      const settings = encodeSettings([
        [SETTING.HEADER_TABLE_SIZE, table],
        [SETTING.MAX_CONCURRENT_STREAMS, 1000],
      ]);
      wire.push(frame(FRAME.SETTINGS, 0, 0, settings));
      await turn();
      await turn();
    }
    session.request(headers as Record<string, string | string[]>, { endStream: true }).on("error", () => undefined);
    await turn();
  }
  await turn();
  session.destroy();
  const frames = readFrames([Buffer.concat(written).subarray(PREFACE.length)]);
  return frames.filter(({ type, flags }) => type === TYPE.HEADERS && (flags & FLAG.END_HEADERS) !== 0).map(blockOf);
}

/** Without the priority that may stand before it. */
function blockOf({ flags, payload }: { readonly flags: number; readonly payload: Buffer }): Buffer {
  return (flags & FLAG.PRIORITY) === 0 ? payload : payload.subarray(5);
}
