/**
 * A run in the browser: the record of a step, made by gdviz.tracing.record_run, as one function that takes all steps.
 *
 * @typedef {import("./record.js").Rec} Rec
 * @typedef {import("./outcome.js").Path} Path
 * @typedef {{initial: Rec, step: Rec, state: string[]}} RunRecord
 * @typedef {object} Stop  Conditions that end a run; null switches one off.
 * @property {number | null} loss
 * @property {number | null} loss_change
 * @property {number | null} gradient_norm
 * @typedef {object} Conditions
 * @property {number} steps
 * @property {Float64Array} rates  The learning rate of each step.
 * @property {Object<string, number>} knobs
 * @property {Float64Array | null} noise  What is added to x and y of the gradient at each step.
 * @property {Stop} stop
 * @property {boolean} maximize
 * @property {Object<string, Float64Array>} [examples]  Of a landscape of data, by name.
 */

import { HELPERS, written } from "./record.js";

/**
 * The function for a record. It is made once, and then serves all starts, learning rates and knobs.
 *
 * What depends on the step only (powers of β, learning rates, noise) stands in a table with a row for each step: runs
 * from many starts, for basins, share it.
 */
export class Runner {
  /** @param {RunRecord} record */
  constructor(record) {
    const source = sourceOf(record);
    /** @type {{table: Function, walk: Function, columns: number}} */
    this.made = new Function(source)();
  }

  /**
   * @param {Conditions} conditions
   * @returns {Float64Array}
   */
  table(conditions) {
    const { steps, rates, knobs, noise } = conditions;
    const table = new Float64Array((steps + 1) * this.made.columns);
    this.made.table(table, steps, rates, knobs, noise);
    return table;
  }

  /**
   * Take the steps, up to the last, to a stop condition, or to the first row that is not all finite.
   *
   * @param {number} x
   * @param {number} y
   * @param {Conditions} conditions
   * @param {Float64Array} table  Of the same conditions.
   * @param {Path} path  Where the rows go; made by `emptyPath`.
   * @returns {Path}
   */
  walk(x, y, conditions, table, path) {
    return this.made.walk(x, y, conditions, table, path);
  }

  /**
   * One run.
   * @param {number} x
   * @param {number} y
   * @param {Conditions} conditions
   */
  run(x, y, conditions) {
    return this.walk(x, y, conditions, this.table(conditions), emptyPath(conditions.steps));
  }
}

/**
 * @param {number} steps
 * @returns {Path}
 */
export function emptyPath(steps) {
  const rows = steps + 1;
  return {
    theta: new Float64Array(2 * rows),
    loss: new Float64Array(rows),
    gradient: new Float64Array(2 * rows),
    clipped: new Uint8Array(rows),
    rates: new Float64Array(rows),
    last: 0,
    finite: true,
    met: "",
  };
}

/** @param {RunRecord} record */
function sourceOf(record) {
  const knobs = [...new Set([record.initial, record.step].flatMap((part) => namesOf(part, "knob")))];
  const examples = [...new Set([record.initial, record.step].flatMap((part) => namesOf(part, "example")))];
  const variable = Object.fromEntries([
    ...knobs.map((name, i) => [name, `knob${i}`]),
    ...examples.map((name, i) => [name, `column${i}[example]`]),
    ...record.state.map((name) => [name, `state_${name}`]),
  ]);
  /**
   * @param {string} kind
   * @param {string} name
   */
  const read = (kind, name) => variable[name] ?? name;
  const initial = written(record.initial, read, "i");
  const step = written(record.step, read, "v");
  const outputs = step.outputs;
  const columns = step.stepNames;
  const once = [
    ...knobs.map((name, i) => `const knob${i} = knobs[${JSON.stringify(name)}];`),
    ...step.once,
  ];
  const moved = ["x", "y", ...record.state];
  return [
    HELPERS,
    `const columns = ${columns.length};`,
    "function table(table, steps, rates, knobs, noise) {",
    ...once,
    "for (let row = 0; row <= steps; ++row) {",
    "const step = row + 1, learning_rate = rates[Math.min(row, steps - 1)];",
    "const noise_x = noise && row < steps ? noise[2 * row] : 0, noise_y = noise && row < steps ? noise[2 * row + 1] : 0;",
    ...step.step,
    ...columns.map((name, i) => `table[row * columns + ${i}] = ${name};`),
    "}",
    "}",
    "function walk(x, y, conditions, table, path) {",
    "const { steps, knobs, stop, maximize } = conditions;",
    "const { theta, loss, gradient, clipped, rates } = path;",
    "const stops = stop.loss !== null || stop.loss_change !== null || stop.gradient_norm !== null;",
    ...examples.map((name, i) => `const column${i} = conditions.examples[${JSON.stringify(name)}];`),
    examples.length ? "const examples = column0.length;" : "",
    ...once,
    record.state.length ? `let ${record.state.map((name) => `state_${name}`).join(", ")};` : "",
    "{",
    ...initial.once,
    ...initial.point,
    ...record.state.map((name) => `state_${name} = ${initial.outputs[name]};`),
    "}",
    "path.met = '';",
    "for (let row = 0; ; ++row) {",
    ...columns.map((name, i) => `const ${name} = table[row * columns + ${i}];`),
    ...step.point,
    `const f = ${outputs.loss}, gx = ${outputs.gradient_x}, gy = ${outputs.gradient_y};`,
    "theta[2 * row] = x; theta[2 * row + 1] = y; loss[row] = f; gradient[2 * row] = gx; gradient[2 * row + 1] = gy;",
    "path.last = row;",
    "path.finite = Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(f) && Number.isFinite(gx) && Number.isFinite(gy);",
    "if (!path.finite || row === steps && !stops) return path;",
    "if (stops) {",
    "if (stop.gradient_norm !== null && Math.sqrt(gx * gx + gy * gy) <= stop.gradient_norm) path.met = 'gradient_norm';",
    "else if (stop.loss_change !== null && row > 0 && Math.abs(f - loss[row - 1]) <= stop.loss_change) path.met = 'loss_change';",
    "else if (stop.loss !== null && (maximize ? f >= stop.loss : f <= stop.loss)) path.met = 'loss';",
    "if (path.met || row === steps) return path;",
    "}",
    `clipped[row] = ${outputs.clipped} ? 1 : 0;`,
    `rates[row] = ${outputs.learning_rate};`,
    ...moved.map((name, i) => `const new${i} = ${outputs[name]};`),
    ...moved.map((name, i) => `${variable[name] ?? name} = new${i};`),
    "}",
    "}",
    "return { table, walk, columns };",
  ].join("\n");
}

/**
 * @param {Rec} record
 * @param {string} kind
 */
function namesOf(record, kind) {
  return record.operations.filter(([leaf]) => leaf === kind).map(([, name]) => name);
}
