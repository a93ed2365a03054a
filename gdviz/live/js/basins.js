/**
 * Basins of attraction: where runs from each point end. A worker computes them, coarse to fine.
 *
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

export const STATUSES = ["converged", "running", "stalled", "diverged"];
export const UNFINISHED = -1;
export const LEFT = -2;
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

/** The basins of a run, asked of a worker of its own: coarsely at once, finely when the hand rests. */
export class Asked {
  /**
   * @param {() => Worker} start  Starts this very file as a worker.
   * @param {(found: Found) => void} take
   */
  constructor(start, take) {
    this.start = start;
    this.take = take;
    this.id = 0;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {number | undefined} */
    this.resting = undefined;
  }

  /**
   * The run is another, or set otherwise.
   * @param {Run} run
   */
  changed(run) {
    this.forget();
    this.send(run, [COARSE]);
    this.resting = setTimeout(() => this.send(run, [FINE / 2, FINE]), AT_REST);
  }

  /** What is under way is not wanted any more. */
  forget() {
    this.id += 1;
    clearTimeout(this.resting);
  }

  /**
   * @param {Run} run
   * @param {number[]} sides
   */
  send(run, sides) {
    if (!this.worker) {
      this.worker = this.start();
      this.worker.onmessage = ({ data }) => { if (data.id === this.id) this.take(data.found); };
    }
    this.id += 1;
    const { record } = run.data;
    this.worker.postMessage({ id: this.id, sides, record, conditions: run.conditions(), landscape: run.model.data.landscape });
  }

  stop() {
    this.forget();
    this.worker?.terminate();
    this.worker = null;
  }
}
