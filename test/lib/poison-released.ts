// Loaded into a process with --import: memory that is given back (`ArrayBuffer.transfer(0)`) is overwritten and stays in place for a while, so that
// whoever still reads it, the kernel included, gets bytes that nobody sent. Tells at the end how often.
const POISON = 0xdb;
/** So much of it stays in place. */
const MOST_BYTES = 64 << 20;

const { transfer } = ArrayBuffer.prototype;
const poisoned: ArrayBuffer[] = [];
let bytes = 0;
let count = 0;

function transferPoisoned(this: ArrayBuffer, length?: number): ArrayBuffer {
  if (length !== 0 || this.byteLength === 0) return transfer.call(this, length);
  new Uint8Array(this).fill(POISON);
  bytes += this.byteLength;
  count += 1;
  poisoned.push(transfer.call(this));
  while (bytes > MOST_BYTES) bytes -= poisoned.shift()?.byteLength ?? bytes;
  return new ArrayBuffer(0);
}

// oxlint-disable-next-line eslint/no-extend-native -- to overwrite what is given back is what this file is for
Object.defineProperty(ArrayBuffer.prototype, "transfer", { value: transferPoisoned });
process.on("exit", () => console.log(`poisoned ${count}`));
