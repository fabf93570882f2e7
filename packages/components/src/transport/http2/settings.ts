import { ConnectionError, ERROR, MAX_FRAME_BYTES, MAX_WINDOW, SETTING } from "./frame.ts";

/** One setting on the wire: id (2 bytes), value (4 bytes). */
const ENTRY_BYTES = 6;
const LARGEST_FRAME_LIMIT = 2 ** 24 - 1;

/** What the other side wants of us. */
export interface PeerSettings {
  initialWindow: number;
  maxFrame: number;
}

export function encodeSettings(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(entries.length * ENTRY_BYTES);
  entries.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * ENTRY_BYTES);
    payload.writeUInt32BE(value, index * ENTRY_BYTES + 2);
  });
  return payload;
}

/** Reads a SETTINGS payload into `settings`. @throws ConnectionError for values that RFC 9113 6.5.2 forbids. */
export function applySettings(payload: Buffer, settings: PeerSettings): void {
  if (payload.length % ENTRY_BYTES !== 0) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "settings are cut off");
  for (let at = 0; at < payload.length; at += ENTRY_BYTES) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case SETTING.ENABLE_PUSH:
        if (value > 1) throw new ConnectionError(ERROR.PROTOCOL_ERROR, `ENABLE_PUSH is ${value}`);
        break;
      case SETTING.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW) throw new ConnectionError(ERROR.FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE is ${value}`);
        settings.initialWindow = value;
        break;
      case SETTING.MAX_FRAME_SIZE:
        if (value < MAX_FRAME_BYTES || value > LARGEST_FRAME_LIMIT)
          throw new ConnectionError(ERROR.PROTOCOL_ERROR, `MAX_FRAME_SIZE is ${value}`);
        settings.maxFrame = value;
        break;
    }
  }
}
