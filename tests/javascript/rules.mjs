// Figures' data and a step come in, the numbers at the places of each rule's formula go out.
import { readFileSync } from "node:fs";
import { Model } from "../../gdviz/live/js/model.js";
import { Stepper, numbersAt } from "../../gdviz/live/js/rule.js";

const { figures, step } = JSON.parse(readFileSync(0, "utf-8"));
const answers = figures.map((data) => {
  const [run] = new Model(data).runs;
  const stepper = new Stepper(run);
  stepper.at(1); // whoever plays asks for one step after the other
  return numbersAt(run.data.formula.places, stepper.at(step), step);
});
process.stdout.write(JSON.stringify(answers));
