import { createServer } from "node:net";
import { seededRandom } from "@tidemark/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constants, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { BodyBuffer, ownBytes } from "./bodies/body-buffer.ts";
import { ByteBudget } from "./bodies/byte-budget.ts";
import { decompress, unpackedSize, type ContentEncoding, type DecompressFault } from "./bodies/compression.ts";
import { frameHead, UnaryMessage } from "./grpc-frame.ts";
import { decodeGrpcMessage, encodeGrpcMessage } from "./grpc-status.ts";
import { listen, parseListenAddress } from "./listen.ts";
import { Packer } from "./bodies/packer.ts";
import { formatRetryAfter, parseRetryAfter } from "./retry-after.ts";

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).flatMap((end, index) => (end > (sorted[index] ?? 0) ? [bytes.subarray(sorted[index], end)] : []));
};
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

describe("bodies in pieces", () => {
  it("come together whole, however they are cut and whatever length was announced", () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), fc.boolean(), (body, places, announced) => {
        const buffer = new BodyBuffer(announced ? body.length : -1);
        for (const piece of cut(body, places)) buffer.push(piece);
        expect(buffer.length).toBe(body.length);
        expect(buffer.take().equals(body)).toBe(true);
      }),
    );
  });

  it("come together whole from long and short pieces; the short ones are not kept", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.nat(40_000)), { minLength: 3, maxLength: 12 }), fc.boolean(), (lengths, announced) => {
        const pieces = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const whole = Buffer.concat(pieces);
        const buffer = new BodyBuffer(announced ? whole.length : -1);
        for (const piece of pieces) buffer.push(piece);
        for (const piece of pieces) if (piece.length < 16_384) piece.fill(0);
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
  });

  it("do not keep a large read buffer alive", () => {
    const large = Buffer.allocUnsafeSlow(64 << 10);
    expect(ownBytes(large.subarray(0, 100)).buffer.byteLength).toBe(100);
    expect(ownBytes(large.subarray(0, 60_000)).buffer).toBe(large.buffer);
  });
});

describe("gRPC frames", () => {
  it("are read whole, however they are cut", () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.array(fc.nat()), (message, compressed, places) => {
        const unary = new UnaryMessage();
        for (const piece of cut(Buffer.concat([frameHead(message.length, compressed), message]), places))
          expect(unary.push(piece)).toBeUndefined();
        expect([unary.end(), unary.compressed, unary.length]).toEqual([undefined, compressed, message.length]);
        expect(unary.take().equals(message)).toBe(true);
      }),
    );
  });

  it("that are cut off anywhere are known to be", () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (message, place) => {
        const frame = Buffer.concat([frameHead(message.length, false), message]);
        const unary = new UnaryMessage();
        const end = place % frame.length;
        if (end > 0) unary.push(frame.subarray(0, end));
        expect(unary.end()).toMatch(/^bad gRPC frame: \d+ bytes of|^the call carries no message/);
      }),
    );
  });
});

describe("grpc-message", () => {
  it("comes back as it was, in printable ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const encoded = encodeGrpcMessage(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeGrpcMessage(encoded)).toBe(text);
      }),
    );
  });

  it("is given as it came when it is badly encoded", () => {
    expect(decodeGrpcMessage("100 % sure %C3")).toBe("100 % sure %C3");
  });
});

describe("compression", () => {
  const unpack = (encoding: ContentEncoding, packed: Uint8Array, limit: number): Promise<Buffer | DecompressFault> =>
    new Promise((resolve) => decompress(encoding, packed, limit, (fault, out) => resolve(fault ?? out)));

  it.each(
    (["gzip", "zstd", "deflate", "zlib"] as const).flatMap((encoding) => [1, 10_000, 100_000].map((times) => [encoding, times] as const)),
  )("%s comes back as it was, %d times; the limit is exact", async (encoding, times) => {
    const packer = new Packer(encoding, undefined);
    const body = Buffer.from("tidemark ".repeat(times));
    const packed = await packer.pack(body);
    packer.close();
    expect(await unpack(encoding, packed, body.length)).toEqual(body);
    expect(await unpack(encoding, packed, body.length - 1)).toMatchObject({ kind: "too_large" });
  });

  it.each(["gzip", "zstd", "deflate", "zlib"] as const)(
    "%s packs bodies of any size, more at a time than there are streams",
    async (encoding) => {
      const packer = new Packer(encoding, 3);
      const random = seededRandom(7);
      const bodies = Array.from({ length: 40 }, (_, index) => Buffer.from(Float64Array.from({ length: index * index * 8 }, random).buffer));
      const packed = await Promise.all(bodies.map((body) => packer.pack(body)));
      packer.close();
      for (const [index, body] of bodies.entries())
        expect((await unpack(encoding, packed[index] as Buffer, Math.max(1, body.length))) as Buffer).toEqual(body);
    },
  );

  it("goes on packing what had begun when it is closed", async () => {
    const packer = new Packer("gzip", undefined);
    const packed = Array.from({ length: 9 }, () => packer.pack(Buffer.from("tide")));
    packer.close();
    expect((await Promise.all(packed)).map((each) => gunzipSync(each).toString())).toEqual(Array.from({ length: 9 }, () => "tide"));
  });

  it("levels are the algorithm's own", async () => {
    const body = Buffer.from(Array.from({ length: 5000 }, (_, index) => `trace ${index * index} room ${index % 97}`).join(" "));
    const sizes = await Promise.all(
      [1, 9].map(async (level) => {
        const packer = new Packer("gzip", level);
        const { length } = await packer.pack(body);
        packer.close();
        return length;
      }),
    );
    expect(sizes[0]).toBeGreaterThan(sizes[1] as number);
  });

  it("reads gzip of several members, whose last length is not the whole", async () => {
    const members = Buffer.concat([gzipSync("a".repeat(50_000)), gzipSync("b")]);
    expect(await unpack("gzip", members, 50_001)).toEqual(Buffer.from(`${"a".repeat(50_000)}b`));
    expect(await unpack("gzip", members, 50_000)).toMatchObject({ kind: "too_large" });
  });

  it.each([0, 20_000, 70_000, 300_000])("tells from the packed form that %d bytes are in it", (length) => {
    const body = Buffer.alloc(length, "tidemark");
    const told = Math.max(16_384, length);
    expect([unpackedSize("gzip", gzipSync(body)), unpackedSize("zstd", zstdCompressSync(body, { pledgedSrcSize: length }))]).toEqual([
      told,
      told,
    ]);
    expect(unpackedSize("zlib", Buffer.alloc(length))).toBe(Math.max(16_384, length * 32));
    expect(unpackedSize("zstd", zstdCompressSync(body).subarray(0, 5))).toBe(16_384);
  });

  it("unpacks small bodies at once, whether they tell their size or not, and large ones later", async () => {
    const small = Buffer.from("tidemark ".repeat(7000));
    const large = Buffer.alloc(1 << 20);
    const pack = { gzip: gzipSync, zstd: zstdCompressSync, deflate: deflateSync };
    for (const encoding of ["gzip", "zstd", "deflate"] as const) {
      for (const body of [small, large]) {
        const order: string[] = [];
        const unpacked = unpack(encoding, pack[encoding](body), body.length);
        decompress(encoding, pack[encoding](body), body.length, () => order.push("done"));
        order.push("returned");
        expect(await unpacked).toEqual(body);
        expect(order[0]).toBe(body === small ? "done" : "returned");
      }
    }
  });

  it("does not believe a gzip trailer", async () => {
    const lying = gzipSync("short");
    lying.writeUInt32LE(0xffffffff, lying.length - 4);
    expect(await unpack("gzip", lying, 64 << 20)).toMatchObject({ kind: "corrupt" });
    expect(await unpack("gzip", gzipSync("x", { strategy: constants.Z_FIXED }), 64 << 20)).toEqual(Buffer.from("x"));
  });
});

describe("the byte budget", () => {
  it("never lets more in than fits, but always one", () => {
    const budget = new ByteBudget(100);
    expect([budget.tryTake(60), budget.tryTake(41), budget.tryTake(40), budget.used]).toEqual([true, false, true, 100]);
    budget.give(40);
    expect([budget.hasRoom(0, 40), budget.hasRoom(0, 41), budget.hasRoom(30, 70), budget.hasRoom(60, 500), budget.used]).toEqual([
      true,
      false,
      true,
      true,
      60,
    ]);
    expect([budget.tryGrow(50, 41), budget.tryGrow(60, 500), budget.used]).toEqual([false, true, 560]);
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    [" 7 ", 7000],
    ["Thu, 09 Oct 2025 08:54:40 GMT", 80_000],
    ["Thu, 09 Oct 2025 08:00:00 GMT", 0],
    ["-3", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s", (retryAfter, expected) => {
    expect(parseRetryAfter({ retryAfter, date: undefined }, 1_760_000_000_000)).toBe(expected);
    expect(parseRetryAfter({ retryAfter, date: "nonsense" }, 1_760_000_000_000)).toBe(expected);
  });

  it("is by the clock of who said it: one that is three days ahead does not stop a queue for three days", () => {
    const answer = { retryAfter: "Sun, 12 Oct 2025 08:54:40 GMT", date: "Sun, 12 Oct 2025 08:54:35 GMT" };
    expect(parseRetryAfter(answer, 1_760_000_000_000)).toBe(5000);
  });

  it("is written in whole seconds, never too early", () => {
    expect([0, 1, 1000, 1001].map(formatRetryAfter)).toEqual(["1", "1", "1", "2"]);
  });
});

describe("endpoints to listen on", () => {
  it.each(["192.0.2.1", "nowhere.invalid"])("names a fix for %s, which is no address of this machine", async (host) => {
    await expect(listen(createServer(), { host, port: 0 }, `${host}:0`)).rejects.toThrow(
      /^cannot listen on .*; write an address of this machine, such as localhost, or 0\.0\.0\.0 for all of them$/,
    );
  });

  it.each([
    ["localhost:4317", "tcp", { host: "localhost", port: 4317 }],
    [":4317", "tcp", { host: undefined, port: 4317 }],
    ["[::1]:0", "tcp", { host: "::1", port: 0 }],
    ["/run/otlp.sock", "unix", { path: "/run/otlp.sock" }],
    ["4317", "tcp", undefined],
    ["::1:4317", "tcp", undefined],
    ["http://a:1", "tcp", undefined],
  ] as const)("%s", (endpoint, transport, expected) => {
    expect(parseListenAddress(endpoint, transport)).toEqual(expected);
  });
});
