/**
 * The rule of a run with the numbers of a step in it: Python writes the formula with places for numbers, which are filled
 * here.
 *
 * @typedef {import("./model.js").Run} Run
 * @typedef {import("./record.js").Rec} Rec
 * @typedef {{formula: string[], numbers: string[], places: string[]}} Formula  MathML, equation by equation.
 */

import { compiled } from "./record.js";
import { element } from "./transport.js";

/** Takes a run's steps one by one, with all that is known of them: their state too, which the record of a run has not. */
export class Stepper {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    const { initial, step, state } = /** @type {import("./run.js").RunRecord} */ (run.data.record);
    this.initial = named(initial);
    this.step = named(step);
    this.moved = ["x", "y", ...state];
    this.computed = -1;
    this.taken = 0;
    /** @type {Object<string, number>} */
    this.point = {};
  }

  /**
   * A step, counting from 1: the point and state before and after it, and what else its record gives.
   * @param {number} wanted
   * @returns {{before: Object<string, number>, after: Object<string, number>, knobs: Object<string, number>}}
   */
  at(wanted) {
    const { run } = this;
    const { knobs, examples, rates, noise } = run.conditions();
    const fixed = { ...knobs, ...examples };
    if (this.computed !== run.computed || wanted <= this.taken) {
      const [x, y] = run.model.chosen.start;
      this.computed = run.computed;
      this.taken = 0;
      this.point = { x, y, ...this.initial({ ...fixed, x, y }) };
    }
    for (;;) {
      const row = this.taken;
      const noisy = noise ? { noise_x: noise[2 * row], noise_y: noise[2 * row + 1] } : {};
      const after = this.step({ ...fixed, ...noisy, ...this.point, step: row + 1, learning_rate: rates[row] });
      if (row + 1 === wanted) return { before: this.point, after, knobs };
      this.point = Object.fromEntries(this.moved.map((name) => [name, after[name]]));
      this.taken += 1;
    }
  }
}

/**
 * A record as a function from leaves to outputs, both by name.
 * @param {Rec} record
 * @returns {(given: Object<string, any>) => Object<string, number>}
 */
function named(record) {
  const kinds = new Set(["knob", "step", "point", "example"]);
  const leaves = [...new Set(record.operations.filter(([kind]) => kinds.has(kind)).map(([, name]) => name))];
  const call = compiled(record, leaves);
  const outputs = Object.keys(record.outputs);
  return (given) => {
    const values = call(...leaves.map((name) => given[name]));
    return Object.fromEntries(outputs.map((name, i) => [name, Number(values[i])]));
  };
}

/**
 * The numbers at the places of a formula: one, or two of a vector.
 * @param {string[]} places
 * @param {ReturnType<Stepper["at"]>} taken
 * @param {number} step
 * @returns {number[][]}
 */
export function numbersAt(places, { before, after, knobs }, step) {
  const decayed = 1 - (knobs.weight_decay || 0) * after.learning_rate;
  return places.map((place) => {
    const [when, name] = place.split(" ");
    if (when === "step") return [step];
    if (when === "learning_rate") return [after.learning_rate];
    if (when === "knob") return [knobs[`optimizer.${name}`]];
    if (when === "used") return [after.used_x, after.used_y];
    const from = when === "before" ? before : after;
    if (name === "theta") return when === "before" ? [from.x * decayed, from.y * decayed] : [from.x, from.y];
    return `${name}_x` in from ? [from[`${name}_x`], from[`${name}_y`]] : [from[name]];
  });
}

/** The rule of a run, as it stands among its hyperparameters. */
export class Rule {
  /**
   * @param {Run} run
   * @param {Object<string, string>} words
   */
  constructor(run, words) {
    const { formula, numbers, places } = run.data.formula;
    this.places = places;
    this.stepper = run.runner && numbers.length ? new Stepper(run) : null;
    this.words = words;
    this.run = run;
    this.step = element("p", { class: "rule-step" });
    this.numbers = element("div", { class: "equations" });
    this.numbers.innerHTML = numbers.join("");
    /** @type {Element[]} */
    this.slots = [...this.numbers.querySelectorAll("mtext")].filter((one) => /^\d+\*?$/.test(one.textContent ?? ""));
    /** @type {string[]} */
    this.named = this.slots.map((slot) => slot.textContent ?? "");
    const symbols = element("div", { class: "equations" });
    symbols.innerHTML = formula.join("");
    this.element = element("div", { class: "rule" }, symbols, ...(this.stepper ? [this.step, this.numbers] : []));
    this.slots = this.slots.map((slot) => {
      const row = document.createElementNS(slot.namespaceURI, "mrow");
      slot.replaceWith(row);
      return row;
    });
    this.shown = "";
  }

  /**
   * Show the step that led to a row; at the start, the first.
   * @param {number} row
   */
  update(row) {
    const { run, stepper } = this;
    if (!stepper || run.path.last < 1) return;
    const step = Math.min(Math.max(1, row), run.path.last);
    const shown = `${step} ${run.computed}`;
    if (shown === this.shown) return;
    this.shown = shown;
    const numbers = numbersAt(this.places, stepper.at(step), step);
    this.step.textContent = `${this.words.step} ${step}`;
    this.slots.forEach((slot, i) => {
      const place = parseInt(this.named[i], 10);
      const constant = /^(knob|learning_rate|step)/.test(this.places[place]);
      slot.innerHTML = math(numbers[place], constant ? 6 : 4, this.named[i].endsWith("*"));
    });
  }
}

/**
 * A number, or a column of two, as MathML.
 * @param {number[]} values
 * @param {number} digits
 * @param {boolean} factor  Whether it stands behind another factor.
 */
function math(values, digits, factor) {
  const [first, ...others] = values.map((value) => digitsOf(value, digits));
  if (others.length) {
    const rows = [first, ...others].map((one) => `<mtr><mtd>${one.replace(/<mo>[()]<\/mo>/g, "")}</mtd></mtr>`).join("");
    return `<mo>(</mo><mtable>${rows}</mtable><mo>)</mo>`;
  }
  const bare = first.startsWith("<mn>") && !factor;
  return bare || first.startsWith("<mo>(") ? first : `<mo>(</mo>${first}<mo>)</mo>`;
}

/**
 * A number with a few digits; a power of ten where it is far from 1.
 * @param {number} value
 * @param {number} digits
 */
function digitsOf(value, digits) {
  const sign = value < 0 ? "<mo>-</mo>" : "";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "<mi>NaN</mi>" : `${sign}<mi>∞</mi>`;
  const [mantissa, exponent] = Math.abs(value).toExponential(digits - 1).split("e").map(Number);
  if (value === 0 || (exponent >= -4 && exponent < digits)) return `${sign}<mn>${Number(Math.abs(value).toPrecision(digits))}</mn>`;
  return `<mo>(</mo>${sign}<mn>${mantissa}</mn><mo>·</mo><msup><mn>10</mn><mn>${exponent}</mn></msup><mo>)</mo>`;
}
