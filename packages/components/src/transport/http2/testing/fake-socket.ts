import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/** A socket whose client is the test: what the server writes is kept, what the client says is emitted at once. */
export class FakeSocket extends EventEmitter {
  destroyed = false;
  writable = true;
  writableLength = 0;
  readonly #written: Buffer[] = [];

  /** As a connection sees it. */
  get socket(): Socket {
    return this as unknown as Socket;
  }

  /** Everything that was written so far. */
  get written(): Buffer {
    return Buffer.concat(this.#written);
  }

  /** Bytes of the client arrive. */
  receive(bytes: Buffer): void {
    if (!this.destroyed) this.emit("data", bytes);
  }

  write(bytes: Buffer): boolean {
    this.#written.push(bytes);
    return true;
  }

  end(): void {
    this.writable = false;
  }

  destroySoon(): void {
    this.writable = false;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    this.emit("close");
  }
}
