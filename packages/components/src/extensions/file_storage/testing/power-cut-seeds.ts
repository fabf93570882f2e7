// Power cuts under many seeds, for as long as wanted; prints one line of JSON.   node power-cut-seeds.ts <first seed> <seconds> [<chance that a write fails>]
import { runPowerCuts } from "./power-cuts.ts";

const [first = "0", seconds = "10", failures = "0"] = process.argv.slice(2);
const total = { seeds: 0, images: 0, stored: 0, faults: [] as string[] };
for (const end = performance.now() + Number(seconds) * 1000; performance.now() < end;) {
  const { images, stored, faults } = await runPowerCuts(Number(first) + total.seeds, { failures: Number(failures) });
  total.seeds += 1;
  total.images += images;
  total.stored += stored;
  total.faults.push(...faults.slice(0, 3));
}
console.log(JSON.stringify(total));
