/**
 * Basins of attraction under the trails: where runs from each point end. A worker computes them, coarse to fine.
 *
 * @typedef {import("./figure.js").Figure} Figure
 * @typedef {import("./model.js").Run} Run
 * @typedef {import("./outcome.js").Ground} Ground
 * @typedef {object} Job
 * @property {number} id
 * @property {number[]} sides  How fine: cells along a side, one picture after the other.
 * @property {import("./run.js").RunRecord} record
 * @property {import("./run.js").Conditions} conditions
 * @property {import("./model.js").LandscapeData} landscape
 * @typedef {{side: number, place: Int8Array, status: Uint8Array, steps: Float64Array, minima: number[][]}} Found
 *   `place` is the place in `minima`; one more for other minima; UNFINISHED or LEFT. `status` is a place in STATUSES.
 */

import { compiled } from "./record.js";
import { Runner, emptyPath } from "./run.js";
import { judge, stepsToConverge, widest } from "./outcome.js";
import { numbers } from "./model.js";
import { element } from "./transport.js";

export const STATUSES = ["converged", "running", "stalled", "diverged"];
const UNFINISHED = -1;
const LEFT = -2;
/** Minima that are told apart; runs that end in others are in one more group. */
const MOST_MINIMA = 7;
const COARSE = 24;
const FINE = 96;
/** Milliseconds that a worker computes before it looks whether anything newer is asked. */
const PORTION = 25;
const AT_REST = 180;

/**
 * The ends of the runs of a job from the middles of side x side cells, rows from the bottom up; in portions.
 * @param {Job} job
 * @param {number} side
 * @returns {Generator<undefined, Found, undefined>}
 */
export function* basins(job, side) {
  const { conditions, landscape } = job;
  const columns = Object.values(landscape.examples ?? {}).map(numbers);
  const at = compiled(landscape.record, ["x", "y", ...Object.keys(landscape.examples ?? {})]);
  /** @type {Ground} */
  const ground = { domain: landscape.domain, lowest: landscape.lowest, hessian: (x, y) => at(x, y, ...columns).slice(1) };
  const runner = new Runner(job.record);
  const table = runner.table(conditions);
  const path = emptyPath(conditions.steps);
  const [[xmin, xmax], [ymin, ymax]] = landscape.domain;
  const minima = landscape.minima.slice(0, MOST_MINIMA);
  const near = 0.02 * widest(ground);
  const cells = side * side;
  const found = { side, minima, place: new Int8Array(cells), status: new Uint8Array(cells), steps: new Float64Array(cells).fill(NaN) };
  let begun = performance.now();
  for (let cell = 0; cell < cells; ++cell) {
    const x = xmin + ((xmax - xmin) * ((cell % side) + 0.5)) / side;
    const y = ymin + ((ymax - ymin) * (Math.floor(cell / side) + 0.5)) / side;
    runner.walk(x, y, conditions, table, path);
    const status = judge(path, ground, conditions.maximize);
    found.status[cell] = STATUSES.indexOf(status);
    found.place[cell] = status === "diverged" ? LEFT : UNFINISHED;
    if (status === "converged") {
      found.steps[cell] = stepsToConverge(path, status, ground, conditions.maximize) ?? NaN;
      found.place[cell] = placeOf(path.theta[2 * path.last], path.theta[2 * path.last + 1], minima, near);
    }
    if (cell % 32 === 31 && performance.now() - begun > PORTION) {
      yield;
      begun = performance.now();
    }
  }
  return found;
}

/**
 * The minimum at a point; a new one is added, as long as they are few.
 * @param {number} x
 * @param {number} y
 * @param {number[][]} minima
 * @param {number} near
 */
function placeOf(x, y, minima, near) {
  const place = minima.findIndex(([a, b]) => Math.hypot(x - a, y - b) <= near);
  if (place >= 0 || minima.length === MOST_MINIMA) return place >= 0 ? place : MOST_MINIMA;
  return minima.push([x, y]) - 1;
}

/** What the worker does: the newest job only. */
export function serveBasins() {
  let newest = 0;
  self.onmessage = async ({ data: job }) => {
    newest = job.id;
    for (const side of job.sides) {
      const portions = basins(job, side);
      let portion = portions.next();
      while (!portion.done) {
        await new Promise((resume) => setTimeout(resume, 0));
        if (newest !== job.id) return;
        portion = portions.next();
      }
      self.postMessage({ id: job.id, found: portion.value });
    }
  };
}

/** The basins of a figure: which run's, and their picture. */
export class Basins {
  /** @param {Figure} figure */
  constructor(figure) {
    this.figure = figure;
    this.id = 0;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {Found | null} */
    this.found = null;
    /** @type {HTMLCanvasElement} */
    this.picture = document.createElement("canvas");
    this.name = "";
    this.select = element("select", { onchange: () => { this.name = this.select.value; this.found = null; this.changed(); this.figure.draw(); } });
    this.words = element("span", { class: "basin-words" });
    this.element = element("div", { class: "basins" }, element("label", {}, element("span", {}, figure.data.words.basins), this.select), this.words);
  }

  /**
   * The run whose basins are shown.
   * @returns {Run | undefined}
   */
  get run() {
    return this.figure.model.runs.find((run) => run.name === this.name && run.runner);
  }

  /** The runs, or what they are set to, have changed: compute again, coarsely now, finely when the hand rests. */
  changed() {
    this.offer();
    const { run } = this;
    if (!run) {
      this.found = null;
      this.words.textContent = "";
      this.id += 1;
      return;
    }
    this.ask(run, [COARSE]);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.ask(run, [FINE / 2, FINE]), AT_REST);
  }

  /** List the runs that have basins here. */
  offer() {
    const { model, data } = this.figure;
    const names = ["", ...model.runs.filter((run) => run.runner).map((run) => run.name)];
    if (names.join() === [...this.select.options].map((option) => option.value).join()) return;
    this.select.replaceChildren(...names.map((name) => element("option", { value: name, selected: name === this.name }, name || data.words.none)));
    if (!names.includes(this.name)) this.name = "";
  }

  /**
   * @param {Run} run
   * @param {number[]} sides
   */
  ask(run, sides) {
    if (!this.figure.model.runs.includes(run)) return;
    if (!this.worker) {
      this.worker = this.figure.outside.worker();
      this.worker.onmessage = ({ data }) => this.take(data);
    }
    this.id += 1;
    const conditions = run.conditions();
    this.worker.postMessage({ id: this.id, sides, record: run.data.record, conditions, landscape: this.figure.data.landscape });
  }

  /** @param {{id: number, found: Found}} answer */
  take({ id, found }) {
    if (id !== this.id || !this.run) return;
    this.found = found;
    this.paint(found);
    const { words } = this.figure.data;
    const share = (/** @type {(place: number) => boolean} */ which) => `${Math.round((100 * found.place.filter(which).length) / found.place.length)} %`;
    this.words.textContent = `${words.converged} ${share((place) => place >= 0)}, ${words.diverged} ${share((place) => place === LEFT)}. ${words.basins_help}`;
    this.element.dataset.side = String(found.side);
    this.figure.draw();
  }

  /**
   * The picture of the cells: a colour a minimum, paler the longer it took.
   * @param {Found} found
   */
  paint(found) {
    const { side, place, steps } = found;
    const { theme, steps: most } = this.figure.data;
    const colours = theme.runs.map(channels);
    const [ground, ink] = [channels(theme.valley), channels(theme.ink)];
    const image = new ImageData(side, side);
    for (let cell = 0; cell < side * side; ++cell) {
      const slow = place[cell] >= 0 ? 0.7 * Math.min(1, steps[cell] / most) : place[cell] === LEFT ? 0 : 0.75;
      const colour = place[cell] >= 0 ? colours[place[cell]] : ink;
      const row = side - 1 - Math.floor(cell / side);
      const at = 4 * (row * side + (cell % side));
      for (let i = 0; i < 3; ++i) image.data[at + i] = colour[i] * (1 - slow) + ground[i] * slow;
      image.data[at + 3] = 150;
    }
    this.picture.width = this.picture.height = side;
    /** @type {CanvasRenderingContext2D} */ (this.picture.getContext("2d")).putImageData(image, 0, 0);
  }

  /** @param {import("./plot.js").Plot} plot */
  draw(plot) {
    if (!this.found) return;
    plot.context.imageSmoothingEnabled = false;
    plot.context.drawImage(this.picture, 0, 0, plot.width, plot.height);
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
  }
}

/**
 * Red, green and blue of #rrggbb.
 * @param {string} colour
 */
function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
