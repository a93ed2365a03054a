// Figures' data come in, what the browser would compute of them goes out: paths, statuses, steps to converge.
import { readFileSync } from "node:fs";
import { Model } from "../../gdviz/live/js/model.js";

const packed = (numbers) => Buffer.from(numbers.slice().buffer).toString("base64");

const answers = JSON.parse(readFileSync(0, "utf-8")).map((data) =>
  new Model(data).runs.map((run) => ({
    theta: packed(run.path.theta.subarray(0, 2 * run.path.last + 2)),
    loss: packed(run.path.loss.subarray(0, run.path.last + 1)),
    clipped: [...run.path.clipped.subarray(0, run.path.last)],
    status: run.status,
    settled: run.settled,
    stable: run.stableLimit(),
    left: run.leaves(),
  })),
);
process.stdout.write(JSON.stringify(answers));
