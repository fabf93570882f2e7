import { connect, type Socket } from "node:net";

/** What a client does on one connection: bytes, pauses in milliseconds, and how it ends. */
export interface WireScript {
  readonly steps: readonly (Buffer | number)[];
  /** `answer`: reads until `isDone`, however long it takes; `wait`: reads until the server is silent; `half`: closes its side and reads on; `cut`: resets the connection. */
  readonly end: "answer" | "wait" | "half" | "cut";
  /** Whether it reads what it is sent. */
  readonly reads: boolean;
}

/** What came of it. */
export interface WireResult {
  readonly received: Buffer;
  readonly closed: boolean;
}

/** The server has answered when it says nothing for so long. */
const QUIET_MS = 40;
const LONGEST_MS = 700;
/** Whoever did everything right is answered by then, on a busy machine too. */
const ANSWER_MS = 5000;

/** Plays a script. `isDone` tells from what has come so far that no more will. Never fails: the server may close when it likes. */
export function playScript(port: number, script: WireScript, isDone: (received: Buffer) => boolean): Promise<WireResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let quiet: NodeJS.Timeout | undefined;
    let isOver = false;
    let isSaid = false;
    const finish = (closed: boolean): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(quiet);
      clearTimeout(longest);
      socket.destroy();
      resolve({ received: Buffer.concat(chunks), closed });
    };
    const longest = setTimeout(() => finish(false), script.end === "answer" ? ANSWER_MS : LONGEST_MS);
    const listen = (): void => {
      clearTimeout(quiet);
      if (!isSaid || isOver) return;
      if (isDone(Buffer.concat(chunks))) finish(false);
      else if (script.end !== "answer") quiet = setTimeout(() => finish(false), QUIET_MS * (chunks.length === 0 ? 4 : 1));
    };
    socket.on("error", () => undefined);
    socket.on("close", () => finish(true));
    if (script.reads) {
      socket.on("data", (chunk) => {
        chunks.push(chunk);
        listen();
      });
    } else socket.pause();
    socket.on("connect", () => {
      void say(socket, script).then(() => {
        isSaid = true;
        if (script.end === "cut") socket.resetAndDestroy();
        else if (script.reads) listen();
        else quiet = setTimeout(() => finish(false), QUIET_MS);
        if (script.end === "half") socket.end();
      });
    });
  });
}

async function say(socket: Socket, { steps }: WireScript): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    if (typeof step === "number") await new Promise((resolve) => setTimeout(resolve, step));
    else if (!socket.write(step)) await new Promise<void>((resolve) => void setTimeout(resolve, 5));
  }
}
