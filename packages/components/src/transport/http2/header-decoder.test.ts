import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionError } from "./frame.ts";
import { HeaderDecoder, type Field } from "./header-decoder.ts";
import { HuffmanDecoder } from "./huffman.ts";
import { nodeHeaderBlocks, type PlainHeaders } from "./testing/node-encoder.ts";

const huffman = new HuffmanDecoder();
const decoder = (): HeaderDecoder => new HeaderDecoder(huffman, 64 << 10);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

const GET: Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const SECURE: Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
  [":authority", "www.example.com"],
  ["custom-key", "custom-value"],
];
const response = (status: string, date: string): Field[] => [
  [":status", status],
  ["cache-control", "private"],
  ["date", date],
  ["location", "https://www.example.com"],
];
const FIRST = "Mon, 21 Oct 2013 20:13:21 GMT";
const LAST = "Mon, 21 Oct 2013 20:13:22 GMT";
const LAST_RESPONSE: Field[] = [
  [":status", "200"],
  ["cache-control", "private"],
  ["date", LAST],
  ["location", "https://www.example.com"],
  ["content-encoding", "gzip"],
  ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
];
/** A table of 256 bytes, as the examples of C.5 and C.6 have it: they are about what has to leave. */
const SMALL_TABLE = "3f e1 01";

describe("the examples of RFC 7541 appendix C", () => {
  it.each<[string, string, Field]>([
    ["C.2.1", "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", ["custom-key", "custom-header"]],
    ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["C.2.4", "82", [":method", "GET"]],
  ])("%s: one field", (_section, block, field) => {
    expect(decoder().decode(hex(block))).toEqual([field]);
  });

  it.each([
    [
      "C.3",
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
    ],
    [
      "C.4",
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
    ],
  ])("%s: requests", (_section, blocks) => {
    const own = decoder();
    expect(blocks.map((block) => own.decode(hex(block)))).toEqual([GET, [...GET, ["cache-control", "no-cache"]], SECURE]);
  });

  it.each([
    [
      "C.5",
      [
        `${SMALL_TABLE} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      ],
    ],
    [
      "C.6",
      [
        `${SMALL_TABLE} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ],
    ],
  ])("%s: responses, from whose table fields have to leave", (_section, blocks) => {
    const own = decoder();
    const seen = blocks.map((block) => own.decode(hex(block)));
    expect(seen).toEqual([response("302", FIRST), response("307", FIRST), LAST_RESPONSE]);
  });
});

const name = fc.stringMatching(/^x-[a-z0-9_.-]{1,12}$/);
const value = fc.string({ unit: fc.mapToConstant({ num: 94, build: (code) => String.fromCharCode(33 + code) }), maxLength: 300 });
const request = fc.record({
  path: fc.constantFrom("/v1/traces", "/v1/logs", "/a?b=c&d=%20"),
  fields: fc.dictionary(name, value, { maxKeys: 8 }),
  authorization: fc.option(value, { nil: undefined }),
  /** How many of the headers of the request before come again. */
  again: fc.boolean(),
  tableSize: fc.constantFrom(0, 64, 200, 4096, 65_536),
});

describe("the blocks of Node's client", () => {
  it("say what it was told to send, whatever table it may use", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
        let before: Readonly<Record<string, string>> = {};
        const told = requests.map(({ path, fields, authorization, again, tableSize }) => {
          before = again ? { ...before, ...fields } : fields;
          const headers: PlainHeaders = { ":method": "POST", ":path": path, ...before, ...(authorization ? { authorization } : {}) };
          // Our table has 4,096 bytes: no client may be told that it could use more.
          return { headers, tableSize: Math.min(tableSize, 4096) };
        });
        const blocks = await nodeHeaderBlocks(told);
        const own = decoder();
        const seen = blocks.map((block) => Object.fromEntries(own.decode(block)));
        expect(seen).toEqual(told.map(({ headers }) => ({ ":scheme": "http", ":authority": "localhost:80", ...headers })));
      }),
      { numRuns: 60 },
    );
  });
});

describe("what is no HPACK", () => {
  it.each([
    ["an index of nothing", "80"],
    ["an index beyond the tables", "be"],
    ["an integer without end", "ff"],
    ["an integer that is too large", "ff ff ff ff ff 7f"],
    ["an integer with too many bytes", "ff 80 80 80 80 80 80 01"],
    ["a text that is longer than its block", "00 05 61"],
    ["a field without a value", "00 01 61"],
    ["a table that is too large", "3f e2 1f"],
    ["a size of the table behind a field", "82 20"],
    ["padding of eight bits", "00 01 61 82 1f ff"],
    ["padding with a zero", "00 01 61 81 18"],
    ["end of string in a text", "00 01 61 84 ff ff ff ff"],
  ])("is the end of the connection: %s", (_name, block) => {
    expect(() => decoder().decode(hex(block))).toThrow(ConnectionError);
  });

  it("never breaks anything else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), (blocks) => {
        const own = decoder();
        try {
          for (const block of blocks) own.decode(block);
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("more fields than a client may send", () => {
  it("are refused, and the table is what it should be behind them", () => {
    const own = new HeaderDecoder(huffman, 100);
    expect(() => own.decode(hex(`40 01 61 01 62 ${"be".repeat(1000)} 40 01 63 01 64`))).toThrow("more than 100 bytes of header fields");
    expect(own.decode(hex("be bf"))).toEqual([
      ["c", "d"],
      ["a", "b"],
    ]);
  });
});
