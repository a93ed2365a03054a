// Jobs for basins come in, statuses and steps to converge of all cells go out.
import { readFileSync } from "node:fs";
import { basins, STATUSES } from "../../gdviz/live/js/basins.js";
import { Model } from "../../gdviz/live/js/model.js";

const answers = JSON.parse(readFileSync(0, "utf-8")).map(({ data, side }) => {
  const [run] = new Model(data).runs;
  const portions = basins({ record: run.data.record, conditions: run.conditions(), landscape: data.landscape }, side);
  let portion = portions.next();
  while (!portion.done) portion = portions.next();
  const { status, steps, place, minima } = portion.value;
  return { status: [...status].map((code) => STATUSES[code]), steps: [...steps], place: [...place], minima };
});
process.stdout.write(JSON.stringify(answers));
