// Formulas come in, with points; values and derivatives at these go out, or why a formula is refused.
import { readFileSync } from "node:fs";
import { formulaRecord } from "../../gdviz/live/js/formula.js";
import { compiled } from "../../gdviz/live/js/record.js";

const { texts, points } = JSON.parse(readFileSync(0, "utf-8"));
const answers = texts.map((text) => {
  try {
    const record = formulaRecord(text);
    const calculated = compiled(record, ["x", "y"]);
    return { values: points.map(([x, y]) => calculated(x, y).map(String)), operations: record.operations.length };
  } catch (problem) {
    return { refused: String(problem.message) };
  }
});
process.stdout.write(JSON.stringify(answers));
