import { seededRandom } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { constants, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { decompress, unpackedSize, type ContentEncoding, type DecompressFault } from "./compression.ts";
import { Packer } from "./packer.ts";

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
