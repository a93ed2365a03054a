/**
 * Writing a record, operation by operation: equal ones once, those of numbers at once; and differentiating it.
 *
 * @typedef {import("./record.js").Operation} Operation
 * @typedef {import("./record.js").Rec} Rec
 */

import { LEAVES, compiled } from "./record.js";

const LEVELS = ["knob", "step", "point", "example"];

export class Tape {
  constructor() {
    /** @type {Operation[]} */
    this.operations = [];
    /** @type {Map<string, number>} */
    this.places = new Map();
    /** @type {Map<string, number>} */
    this.slopes = new Map();
  }

  /**
   * @param {string} kind
   * @param {any} name
   */
  leaf(kind, name) {
    return this.put([kind, name]);
  }

  /** @param {number} value */
  constant(value) {
    return this.put(["constant", Object.is(value, -0) ? 0 : value]);
  }

  /**
   * The number at a place; null where it is none.
   * @param {number} place
   * @returns {number | null}
   */
  value(place) {
    const [name, value] = this.operations[place];
    return name === "constant" ? Number(value) : null;
  }

  /**
   * An operation; of numbers, its result, and as in SymPy a difference or product that vanishes everywhere is 0.
   * @param {string} name
   * @param {number[]} operands
   */
  add(name, ...operands) {
    const values = operands.map((place) => this.value(place));
    if (values.every((value) => value !== null)) return this.constant(computed(name, /** @type {number[]} */ (values)));
    const vanishes = name === "subtract" ? operands[0] === operands[1] : name === "multiply" && values.includes(0);
    return vanishes ? this.constant(0) : this.put([name, ...operands]);
  }

  /** @param {Operation} operation */
  put(operation) {
    const key = operation.join(" ");
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.operations.push(operation);
    this.places.set(key, this.operations.length - 1);
    return this.operations.length - 1;
  }

  /**
   * The derivative of what stands at a place, by a leaf.
   * @param {number} place
   * @param {string} by  The leaf's name.
   * @returns {number}
   */
  derivative(place, by) {
    const key = `${place} ${by}`;
    const known = this.slopes.get(key);
    if (known !== undefined) return known;
    const [name, ...operands] = this.operations[place];
    const slope = LEAVES.has(name) ? this.constant(name === "constant" || operands[0] !== by ? 0 : 1) : this.chained(place, name, operands, by);
    this.slopes.set(key, slope);
    return slope;
  }

  /**
   * The chain rule for one operation.
   * @param {number} r  The operation's own place.
   * @param {string} name
   * @param {number[]} operands
   * @param {string} by
   */
  chained(r, name, operands, by) {
    const one = this.constant(1);
    const [a, b, c] = operands;
    const slope = (/** @type {number} */ place) => this.derivative(place, by);
    const over = (/** @type {number} */ bottom) => this.times(slope(a), this.add("divide", one, bottom));
    const square = () => this.add("multiply", r, r);
    switch (name) {
      case "add": return this.plus(slope(a), slope(b));
      case "subtract": return this.minus(slope(a), slope(b));
      case "negative": return this.minus(this.constant(0), slope(a));
      case "multiply": return this.plus(this.times(slope(a), b), this.times(a, slope(b)));
      case "divide": return this.value(slope(b)) === 0
        ? this.value(slope(a)) === 0 ? slope(a) : this.add("divide", slope(a), b)
        : this.add("divide", this.minus(slope(a), this.times(r, slope(b))), b);
      case "power": {
        const exponent = Number(this.value(b));
        if (exponent === 0) return this.constant(0);
        const lower = exponent === 1 ? one : exponent === 2 ? a : this.add("power", a, this.constant(exponent - 1));
        return this.times(slope(a), this.times(b, lower));
      }
      case "exp": return this.times(slope(a), r);
      case "log": return over(a);
      case "sqrt": return over(this.add("multiply", this.constant(2), r));
      case "sin": return this.times(slope(a), this.add("cos", a));
      case "cos": return this.times(slope(a), this.add("negative", this.add("sin", a)));
      case "tan": return this.times(slope(a), this.add("add", one, square()));
      case "sinh": return this.times(slope(a), this.add("cosh", a));
      case "cosh": return this.times(slope(a), this.add("sinh", a));
      case "tanh": return this.times(slope(a), this.add("subtract", one, square()));
      case "arctan": return over(this.add("add", one, this.add("multiply", a, a)));
      case "absolute": return this.times(slope(a), this.add("sign", a));
      case "maximum": return this.chosen(this.add("greater_equal", a, b), slope(a), slope(b));
      case "minimum": return this.chosen(this.add("greater_equal", b, a), slope(a), slope(b));
      case "where": return this.chosen(a, slope(b), slope(c));
      case "sign": case "greater_equal": return this.constant(0);
      default: throw new Error(`${name} has no derivative here`);
    }
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  plus(a, b) {
    return this.value(a) === 0 ? b : this.value(b) === 0 ? a : this.add("add", a, b);
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  minus(a, b) {
    return this.value(b) === 0 ? a : this.value(a) === 0 ? this.add("negative", b) : this.add("subtract", a, b);
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  times(a, b) {
    if (this.value(a) === 0 || this.value(b) === 0) return this.constant(0);
    return this.value(a) === 1 ? b : this.value(b) === 1 ? a : this.add("multiply", a, b);
  }

  /**
   * @param {number} condition
   * @param {number} a
   * @param {number} b
   */
  chosen(condition, a, b) {
    return a === b ? a : this.put(["where", condition, a, b]);
  }

  /**
   * The record of some places, without what none of them needs.
   * @param {Object<string, number>} outputs
   * @returns {Rec}
   */
  record(outputs) {
    const needed = new Set(Object.values(outputs));
    for (let place = this.operations.length - 1; place >= 0; --place) {
      const [name, ...operands] = this.operations[place];
      if (needed.has(place) && !LEAVES.has(name)) operands.forEach((operand) => needed.add(operand));
    }
    const kept = [...needed].sort((a, b) => a - b);
    const moved = new Map(kept.map((place, i) => [place, i]));
    /** @type {Operation[]} */
    const operations = kept.map((place) => {
      const [name, ...operands] = this.operations[place];
      return LEAVES.has(name) ? [name, ...operands] : [name, ...operands.map((operand) => moved.get(operand))];
    });
    const places = Object.fromEntries(Object.entries(outputs).map(([name, place]) => [name, /** @type {number} */ (moved.get(place))]));
    return { operations, outputs: places, levels: levelsOf(operations) };
  }
}

/**
 * What each operation depends on: 0 knobs, 1 the step, 2 the point, 3 the example.
 * @param {Operation[]} operations
 */
export function levelsOf(operations) {
  /** @type {number[]} */
  const levels = [];
  for (const [name, ...operands] of operations) {
    if (LEAVES.has(name)) levels.push(Math.max(0, LEVELS.indexOf(name)));
    else levels.push(name === "mean" ? 2 : Math.max(...operands.map((operand) => levels[operand])));
  }
  return levels;
}

/**
 * The result of an operation on numbers.
 * @param {string} name
 * @param {number[]} values
 */
function computed(name, values) {
  const operations = [...values.map((value) => /** @type {Operation} */ (["constant", value])), /** @type {Operation} */ ([name, ...values.keys()])];
  const record = { operations, outputs: { result: values.length }, levels: operations.map(() => 0) };
  return Number(compiled(record, [])()[0]);
}

/**
 * A rule on a landscape: the record of a step in which the landscape is asked (`["landscape.loss", x, y]` and so on) as
 * one in which it is computed.
 *
 * @param {Rec} rule
 * @param {Rec} ground  Its outputs: loss, gradient_x, gradient_y, xx, xy, yy; its leaves: x and y.
 * @returns {Rec}
 */
export function composed(rule, ground) {
  const tape = new Tape();
  /** @type {number[]} */
  const places = [];
  /** @type {Map<string, number[]>} */
  const asked = new Map();
  /**
   * @param {number} x
   * @param {number} y
   */
  const groundAt = (x, y) => {
    const key = `${x} ${y}`;
    const known = asked.get(key);
    if (known) return known;
    /** @type {number[]} */
    const made = [];
    for (const [name, ...operands] of ground.operations) {
      if (name === "point") made.push(operands[0] === "x" ? x : y);
      else made.push(tape.put(LEAVES.has(name) ? [name, ...operands] : [name, ...operands.map((operand) => made[operand])]));
    }
    asked.set(key, made);
    return made;
  };
  for (const [name, ...operands] of rule.operations) {
    const given = LEAVES.has(name) ? operands : operands.map((operand) => places[operand]);
    const [, what] = name.split("landscape.");
    places.push(what ? groundAt(given[0], given[1])[ground.outputs[what]] : tape.put([name, ...given]));
  }
  return tape.record(Object.fromEntries(Object.entries(rule.outputs).map(([name, place]) => [name, places[place]])));
}
