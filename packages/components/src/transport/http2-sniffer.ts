import type { Socket } from "node:net";

/** RFC 9113 3.4: the first bytes of every HTTP/2 client. No request of HTTP/1.1 begins with `PRI * HTTP/2.0`. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Tells from the first bytes of a connection whether its client speaks HTTP/2, and puts them back. `known` is called once, before anything
 * else can be read. A client that says nothing for `timeoutMs` (0: no limit) is cut off.
 */
export function sniffHttp2(socket: Socket, timeoutMs: number, known: (isHttp2: boolean) => void): void {
  let seen: Buffer | undefined;
  const cut = (): void => void socket.destroy();
  const onData = (chunk: Buffer): void => {
    seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const isHttp2 = seen.compare(PREFACE, 0, length, 0, length) === 0;
    if (isHttp2 && length < PREFACE.length) return;
    socket.off("data", onData).off("timeout", cut).off("error", cut).off("end", cut).setTimeout(0).pause().unshift(seen);
    known(isHttp2);
  };
  socket.on("data", onData).on("timeout", cut).on("error", cut).on("end", cut).setTimeout(timeoutMs);
}
