/**
 * HTTP/2 frame (RFC 9113 4.1):
 *   bytes 0-2   length of the payload, big endian
 *   byte  3     type
 *   byte  4     flags
 *   bytes 5-8   stream id, big endian, highest bit unused
 *   bytes 9-    payload
 */
export const HEAD_BYTES = 9;

/** RFC 9113 3.4: what every client says first. */
export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Frame types (RFC 9113 6). */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags; END_STREAM and ACK share a bit. */
export const FLAG = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** Error codes (RFC 9113 7). */
export const ERROR = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
} as const;

/** Settings (RFC 9113 6.5.2). */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Largest payload that may be sent before the other side allows more, and the largest that we take. */
export const MAX_FRAME_BYTES = 16_384;
/** Windows start with this many bytes. */
export const STANDARD_WINDOW = 65_535;
export const MAX_WINDOW: number = 2 ** 31 - 1;

/** What ends a whole connection: the client broke the protocol. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What ends one stream; the rest of the connection goes on. */
export class StreamError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Writes the 9 bytes that stand before a payload. */
export function writeHead(target: Buffer, at: number, length: number, type: number, flags: number, streamId: number): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  writeStreamId(target, at + 5, streamId);
}

export function writeStreamId(target: Buffer, at: number, streamId: number): void {
  target[at] = streamId >>> 24;
  target[at + 1] = streamId >>> 16;
  target[at + 2] = streamId >>> 8;
  target[at + 3] = streamId;
}
