// Rules and landscapes recorded apart come in, what the browser computes of them together goes out.
import { readFileSync } from "node:fs";
import { Model } from "../../gdviz/live/js/model.js";
import { composed } from "../../gdviz/live/js/tape.js";

const packed = (numbers) => Buffer.from(numbers.slice().buffer).toString("base64");

const answers = JSON.parse(readFileSync(0, "utf-8")).map(({ data, rule, ground }) => {
  const { initial, step, state } = rule;
  data.runs[0].record = { initial, step: composed(step, ground), state };
  const [run] = new Model(data).runs;
  return { theta: packed(run.path.theta.subarray(0, 2 * run.path.last + 2)), status: run.status, settled: run.settled };
});
process.stdout.write(JSON.stringify(answers));
