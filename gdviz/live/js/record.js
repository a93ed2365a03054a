/**
 * Records as JavaScript: a list of operations, made by gdviz.tracing, becomes the source of straight-line code.
 *
 * A record is computed no more often than it must be. Each operation has a level, which says what it depends on:
 * 0 on constants and knobs, 1 on the step too, 2 on the point, 3 on the example of a landscape of data.
 *
 * @typedef {[string, ...any]} Operation  A name, then the places of its operands; of a leaf, its number or name.
 * @typedef {{operations: Operation[], outputs: Object<string, number>, levels: number[]}} Rec
 * @typedef {(kind: string, name: string) => string} Reader  The expression that stands for a leaf.
 */

export const LEAVES = new Set(["constant", "knob", "step", "point", "example"]);

/** Operations that give a truth value. */
const TRUTHS = new Set([
  "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
]);

/**
 * How each operation is written. The names are NumPy's, and so is the meaning.
 * @type {Object<string, (...operands: string[]) => string>}
 */
const WRITTEN = {
  add: (a, b) => `${a} + ${b}`,
  subtract: (a, b) => `${a} - ${b}`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`,
  remainder: (a, b) => `remainder(${a}, ${b})`,
  power: (a, b) => (Number(b) === 2 ? `${a} * ${a}` : `Math.pow(${a}, ${b})`),
  negative: (a) => `-${a}`,
  absolute: (a) => `Math.abs(${a})`,
  sign: (a) => `Math.sign(${a}) + 0`, // of -0 it is 0
  sqrt: (a) => `Math.sqrt(${a})`,
  exp: (a) => `Math.exp(${a})`,
  log: (a) => `Math.log(${a})`,
  sin: (a) => `Math.sin(${a})`,
  cos: (a) => `Math.cos(${a})`,
  tan: (a) => `Math.tan(${a})`,
  sinh: (a) => `Math.sinh(${a})`,
  cosh: (a) => `Math.cosh(${a})`,
  tanh: (a) => `Math.tanh(${a})`,
  arctan: (a) => `Math.atan(${a})`,
  radians: (a) => `${a} * ${Math.PI / 180}`,
  logaddexp: (a, b) => `logaddexp(${a}, ${b})`,
  minimum: (a, b) => `Math.min(${a}, ${b})`,
  maximum: (a, b) => `Math.max(${a}, ${b})`,
  equal: (a, b) => `${a} == ${b}`,
  not_equal: (a, b) => `${a} != ${b}`,
  less: (a, b) => `${a} < ${b}`,
  less_equal: (a, b) => `${a} <= ${b}`,
  greater: (a, b) => `${a} > ${b}`,
  greater_equal: (a, b) => `${a} >= ${b}`,
  logical_and: (a, b) => `${a} != 0 && ${b} != 0`,
  logical_or: (a, b) => `${a} != 0 || ${b} != 0`,
  where: (condition, a, b) => `${condition} ? ${a} : ${b}`,
};

/** Functions that the written code calls. */
export const HELPERS = `
const remainder = (a, b) => { const r = a % b; return r !== 0 && r < 0 !== b < 0 ? r + b : r; };
const logaddexp = (a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))));
`;

/**
 * A record as lines of code, apart by what they depend on.
 *
 * @param {Rec} record
 * @param {Reader} read
 * @param {string} prefix  Of the variables' names; records that stand in one function need different ones.
 * @returns {{once: string[], step: string[], point: string[], stepNames: string[],
 *            outputs: Object<string, string>}}  `stepNames` are the variables of a step that its points need.
 */
export function written(record, read, prefix = "v") {
  /** @type {string[]} */
  const names = [];
  /** @type {string[][]} */
  const parts = [[], [], [], [], []]; // knobs, step, point, example, point after the mean over the examples
  /** @type {number[]} */
  const part = [];
  /** @type {number[]} */
  const means = [];
  const needed = new Set();
  record.operations.forEach(([name, ...operands], place) => {
    const level = record.levels[place];
    if (LEAVES.has(name)) {
      names.push(name === "constant" ? literal(operands[0]) : read(name, operands[0]));
      part.push(level);
      return;
    }
    const late = operands.some((operand) => part[operand] === 4) || name === "mean";
    if (late && level === 3) throw new Error("an example that depends on a mean over the examples");
    part.push(late ? 4 : level);
    names.push(`${prefix}${place}`);
    if (level >= 2) operands.filter((operand) => part[operand] === 1).forEach((operand) => needed.add(names[operand]));
    if (name === "mean") {
      means.push(place);
      parts[3].push(`sum${prefix}${place} += ${names[operands[0]]};`);
      parts[4].push(`const ${names[place]} = sum${prefix}${place} / examples;`);
      return;
    }
    const given = operands.map((operand) => names[operand]);
    if (name === "where" && !isTruth(record, operands[0])) given[0] = `${given[0]} != 0`;
    parts[part[place]].push(`const ${names[place]} = ${WRITTEN[name](...given)};`);
  });
  const loop = parts[3].length
    ? [...means.map((place) => `let sum${prefix}${place} = 0;`), "for (let example = 0; example < examples; ++example) {",
       ...parts[3], "}"]
    : [];
  /** @type {Object<string, string>} */
  const outputs = {};
  for (const [name, place] of Object.entries(record.outputs)) {
    outputs[name] = names[place];
    if (part[place] === 1) needed.add(names[place]);
  }
  return { once: parts[0], step: parts[1], point: [...parts[2], ...loop, ...parts[4]], stepNames: [...needed], outputs };
}

/**
 * @param {Rec} record
 * @param {number} place
 */
function isTruth(record, place) {
  return TRUTHS.has(record.operations[place][0]);
}

/**
 * A number as it is written in code, in brackets where it has a sign.
 * @param {number | string} value
 */
export function literal(value) {
  const number = Number(value);
  return number < 0 || Object.is(number, -0) ? `(${Object.is(number, -0) ? "-0" : number})` : String(number);
}

/**
 * A record as a function of its leaves, given by name, whatever their kind. For examples, arrays are given.
 *
 * @param {Rec} record
 * @param {string[]} leaves  The order of the function's arguments.
 * @returns {(...values: any[]) => number[]}  Its results are those of the record's outputs, in their order.
 */
export function compiled(record, leaves) {
  const arrays = new Set(record.operations.filter(([kind]) => kind === "example").map(([, name]) => name));
  const names = Object.fromEntries(leaves.map((leaf, i) => [leaf, `leaf${i}`]));
  const code = written(record, (kind, name) => (kind === "example" ? `${names[name]}[example]` : names[name]));
  const [first] = arrays;
  const count = first === undefined ? "" : `const examples = ${names[first]}.length;`;
  const lines = [HELPERS, "return (", Object.values(names).join(", "), ") => {", count, ...code.once, ...code.step,
                 ...code.point, `return [${Object.values(code.outputs).join(", ")}]; };`];
  return new Function(lines.join("\n"))();
}
