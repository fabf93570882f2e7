/**
 * Windows so large that a sender waits for the network only, and that few WINDOW_UPDATE frames are needed: nghttp2 sends one
 * when half of a window is used up.
 */
export const STREAM_SETTINGS = { initialWindowSize: 4 << 20, enablePush: false } as const;

/** Window of a whole connection, in bytes. */
export const SESSION_WINDOW: number = 16 << 20;

/**
 * Node counts queued and unread bytes of all streams of a session and refuses new streams over this many megabytes. Its
 * standard of 10 breaks messages of OTLP's recommended 64 MiB; what we hold is bounded by our own byte budget instead.
 */
export const SESSION_OPTIONS = { maxSessionMemory: 1024 } as const;
