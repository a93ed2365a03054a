/**
 * What the figure shows, without any of its looks: the runs from the start and the numbers that the reader has chosen.
 *
 * @typedef {import("./outcome.js").Path} Path
 * @typedef {import("./outcome.js").Status} Status
 * @typedef {import("./record.js").Rec} Rec
 * @typedef {{name: string, help: string, low: number, high: number, log: boolean}} Knob
 * @typedef {object} RunData
 * @property {string} name
 * @property {string} rule  The optimizer's name in the catalogue.
 * @property {import("./run.js").RunRecord | null} record  Null where the server computes the run.
 * @property {string} why  The reason for that.
 * @property {import("./rule.js").Formula} formula
 * @property {Object<string, number>} knobs  The values of all of the record's knobs.
 * @property {Knob[]} sliders  The hyperparameters that can be slid; the learning rate first.
 * @property {{offset: string, slope: string} | null} schedule
 *   Learning rates of the steps: offset + slope times the learning rate. Null: constant.
 * @property {Served | null} served  What the server computed.
 * @typedef {{start: number[], values: Object<string, number>, theta: string, loss: string, gradient: string,
 *            rates: string, status: Status}} Served
 * @typedef {object} LandscapeData
 * @property {string} label
 * @property {[[number, number], [number, number]]} domain
 * @property {number[][]} minima
 * @property {number | null} lowest
 * @property {Rec} record  Its outputs: the loss, and the second derivatives by xx, xy and yy.
 * @property {Object<string, string>} [examples]  Of a landscape of data, by name.
 * @typedef {{version: number, start: number[], values: Object<string, number>[]}} Chosen
 *   What belongs to the reader: the start, and the values of the sliders of each run.
 * @typedef {object} FigureData
 * @property {"basins"} [kind]  Of basins side by side.
 * @property {string} title
 * @property {LandscapeData} landscape
 * @property {RunData[]} runs
 * @property {Chosen} chosen  Taken over when its version is another than before.
 * @property {number} steps
 * @property {boolean} maximize
 * @property {import("./run.js").Stop} stop
 * @property {string | null} noise  What is added to the gradient at each step.
 * @property {"log" | "linear"} loss_scale
 * @property {any} still
 * @property {any} theme
 * @property {any} words
 */

import { compiled } from "./record.js";
import { Runner, emptyPath } from "./run.js";
import { eigenvalues, judge, stepsToConverge } from "./outcome.js";

/**
 * Numbers that Python sent: 64-bit floats in base64.
 * @param {string} text
 */
export function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

/**
 * A schedule that follows the loss begins with the optimizer's own learning rate.
 * @param {number} rate
 */
const sameRate = (rate) => ({ "optimizer.learning_rate": rate, "schedule.initial_learning_rate": rate });

/** One run of the figure. */
export class Run {
  /**
   * @param {RunData} data
   * @param {Model} model
   * @param {number} place
   */
  constructor(data, model, place) {
    this.data = data;
    this.model = model;
    this.place = place;
    this.runner = data.record ? new Runner(data.record) : null;
    const schedule = data.schedule;
    this.offset = schedule ? numbers(schedule.offset) : null;
    this.slope = schedule ? numbers(schedule.slope) : null;
    this.path = emptyPath(model.data.steps);
    /** @type {Status} */
    this.status = "running";
    /** False while the server has not answered yet. */
    this.current = true;
    /** @type {Float64Array | null} */
    this.table = null;
    /** How often it was computed. */
    this.computed = 0;
    this.hidden = false;
  }

  get name() {
    return this.data.name;
  }

  get values() {
    return this.model.chosen.values[this.place];
  }

  /** The loss where the run ended. */
  get finalLoss() {
    return this.path.loss[this.path.last];
  }

  /**
   * @param {Object<string, number>} values
   * @returns {import("./run.js").Conditions}
   */
  conditions(values = this.values) {
    const { steps, stop, maximize } = this.model.data;
    const own = Object.fromEntries(
      Object.entries(values).filter(([name]) => name !== "learning_rate").map(([name, value]) => [`optimizer.${name}`, value]),
    );
    return {
      steps, stop, maximize, rates: this.rates(values.learning_rate), noise: this.model.noise,
      knobs: { ...this.data.knobs, ...own, ...sameRate(values.learning_rate) },
      examples: this.model.examples,
    };
  }

  /**
   * The learning rate of each step.
   * @param {number} rate
   */
  rates(rate) {
    const { offset, slope } = this;
    const rates = new Float64Array(this.model.data.steps);
    if (!offset || !slope) return rates.fill(rate);
    return rates.map((_, step) => offset[step] + slope[step] * rate);
  }

  /** The values have changed. */
  changed() {
    this.table = null;
  }

  /** Run it again; one that only the server can run is current again when the server has answered. */
  compute() {
    const { model } = this;
    this.computed += 1;
    if (!this.runner) {
      this.takeServed();
      return;
    }
    const [x, y] = model.chosen.start;
    const conditions = this.conditions();
    this.table ??= this.runner.table(conditions);
    this.path = this.runner.walk(x, y, conditions, this.table, this.path);
    this.status = judge(this.path, model.ground, model.data.maximize);
  }

  takeServed() {
    const served = this.data.served;
    if (!served) return;
    const [x, y] = this.model.chosen.start;
    this.current = served.start[0] === x && served.start[1] === y
      && Object.entries(served.values).every(([name, value]) => this.values[name] === value);
    const loss = numbers(served.loss);
    const last = loss.length - 1;
    this.path = {
      theta: numbers(served.theta), loss, gradient: numbers(served.gradient), clipped: new Uint8Array(last + 1),
      rates: numbers(served.rates), last,
      finite: served.status !== "diverged", met: "",
    };
    this.status = served.status;
  }

  /** The first row outside the part that is drawn; null where there is none. */
  leaves() {
    const [[xmin, xmax], [ymin, ymax]] = this.model.data.landscape.domain;
    const { theta, last } = this.path;
    for (let row = 0; row <= last; ++row) {
      const x = theta[2 * row], y = theta[2 * row + 1];
      if (!(x >= xmin && x <= xmax && y >= ymin && y <= ymax)) return row;
    }
    return null;
  }

  /** After how many steps the loss stays where it converged to. */
  get settled() {
    return stepsToConverge(this.path, this.status, this.model.ground, this.model.data.maximize);
  }

  /**
   * The learning rate up to which theory calls the rule stable, near the minimum where it ends or that is nearest: a
   * linear rule's limit, (2 + 2μ)/λ_max for momentum, divided by 1 + 2μ for Nesterov's. Null where there is no theory.
   */
  stableLimit() {
    const memory = { gradient_descent: 0, momentum: this.values.momentum, nesterov: this.values.momentum }[this.data.rule];
    if (memory === undefined || this.offset || this.model.data.maximize) return null;
    const sharpness = this.model.sharpnessNear(this);
    if (!(sharpness > 0)) return null;
    return (2 + 2 * memory) / (this.data.rule === "nesterov" ? 1 + 2 * memory : 1) / sharpness;
  }

  /**
   * The lowest learning rate, to three digits, above which the run diverges from this start; null where none between
   * `low` and `high` does. First in steps of a twentieth of a decade, then by halving.
   * @param {number} low
   * @param {number} high
   */
  breaksAt(low, high) {
    if (!this.runner) return null;
    const [x, y] = this.model.chosen.start;
    const path = emptyPath(this.model.data.steps);
    const runner = this.runner;
    /** @param {number} exponent */
    const diverges = (exponent) => {
      const conditions = this.conditions({ ...this.values, learning_rate: 10 ** exponent });
      return !runner.walk(x, y, conditions, runner.table(conditions), path).finite;
    };
    let below = Math.log10(low);
    let above = below;
    while (!diverges(above)) {
      below = above;
      above += 0.05;
      if (above > Math.log10(high)) return null;
    }
    for (let i = 0; i < 8; ++i) {
      const middle = (below + above) / 2;
      if (diverges(middle)) above = middle;
      else below = middle;
    }
    return 10 ** above;
  }
}

export class Model {
  /**
   * @param {FigureData} data
   * @param {Chosen | null} chosen  What the reader had chosen before these data came.
   */
  constructor(data, chosen = null) {
    this.data = data;
    this.chosen = chosen && chosen.version === data.chosen.version ? chosen : structuredClone(data.chosen);
    this.noise = data.noise ? numbers(data.noise) : null;
    this.examples = Object.fromEntries(
      Object.entries(data.landscape.examples ?? {}).map(([name, text]) => [name, numbers(text)]),
    );
    const names = ["x", "y", ...Object.keys(this.examples)];
    const columns = Object.values(this.examples);
    const calculated = compiled(data.landscape.record, names);
    /**
     * @param {number} x
     * @param {number} y
     */
    const at = (x, y) => calculated(x, y, ...columns);
    /**
     * The loss anywhere.
     * @param {number} x
     * @param {number} y
     */
    this.loss = (x, y) => at(x, y)[0];
    /** @type {import("./outcome.js").Ground} */
    this.ground = {
      domain: data.landscape.domain,
      lowest: data.landscape.lowest,
      hessian: (x, y) => at(x, y).slice(1),
    };
    this.runs = data.runs.map((run, place) => new Run(run, this, place));
    this.runs.forEach((run) => run.compute());
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  setStart(x, y) {
    this.chosen.start = [x, y];
    this.runs.forEach((run) => run.compute());
  }

  /**
   * @param {Run} run
   * @param {string} name
   * @param {number} value
   */
  setValue(run, name, value) {
    run.values[name] = value;
    run.changed();
    run.compute();
  }

  /** The largest curvature at the minimum that a run converged to, else at the known minimum nearest to its end. */
  sharpnessNear(/** @type {Run} */ run) {
    const { theta, last } = run.path;
    const end = [theta[2 * last], theta[2 * last + 1]];
    const minima = this.data.landscape.minima;
    /** @param {number[]} point */
    const distance = (point) => Math.hypot(point[0] - end[0], point[1] - end[1]) || 0;
    const [near] = run.status === "converged" ? [end] : [...minima].sort((a, b) => distance(a) - distance(b));
    if (!near) return NaN;
    const [a, b, d] = this.ground.hessian(near[0], near[1]);
    return eigenvalues(a, b, d)[1];
  }
}
