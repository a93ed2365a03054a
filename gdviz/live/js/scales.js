/**
 * The axes that follow the runs, and where numbers stand on them: those of gdviz.charts.trails.
 *
 * @typedef {"linear" | "log" | "symlog"} Kind
 * @typedef {{kind: Kind, low: number, high: number}} Axis
 * @typedef {import("./model.js").Run} Run
 */

export const LOWEST_LOG = 1e-16;
const EVERY = 150;
const MORE = 250;
/** Farther than this, no view follows: its numbers would overflow. */
const FARTHEST = 1e150;

/**
 * The rows that are drawn of a run: all of a short one, ever fewer of a long one.
 * @param {number} last
 */
export function drawnRows(last) {
  if (last <= EVERY + MORE) return Array.from({ length: last + 1 }, (_, row) => row);
  const rows = Array.from({ length: EVERY }, (_, row) => row);
  for (let i = 0; i < MORE; ++i) rows.push(Math.round(EVERY + ((last - EVERY) * i) / (MORE - 1)));
  return rows;
}

/**
 * What is drawn as the loss.
 * @param {number} loss
 * @param {Kind} kind
 * @param {number | null} lowest
 */
export function height(loss, kind, lowest) {
  return kind === "log" && lowest !== null ? Math.max(loss - lowest, LOWEST_LOG) : loss;
}

/**
 * A number on a scale, so that equal distances are equal pixels.
 * @param {Kind} kind
 * @param {number} value
 */
export function scaled(kind, value) {
  if (kind === "log") return Math.log10(value);
  return kind === "symlog" ? Math.sign(value) * Math.log1p(Math.abs(value)) : value;
}

/**
 * An axis that holds all losses up to a thousand times (linear: twice) the first.
 * @param {Run[]} runs
 * @param {Kind} kind
 * @param {number | null} lowest
 * @returns {Axis}
 */
export function lossAxis(runs, kind, lowest) {
  let low = Infinity;
  let high = -Infinity;
  for (const { path } of runs) {
    for (let row = 0; row <= path.last; ++row) {
      const value = height(path.loss[row], kind, lowest);
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const first = height(runs[0].path.loss[0], kind, lowest);
  if (!(low <= high) || !Number.isFinite(first)) return { kind, low: kind === "log" ? 0.1 : 0, high: 1 };
  if (kind === "log") {
    high = Math.min(high, 1e3 * Math.max(first, low));
    return { kind, low: 10 ** Math.floor(Math.log10(low)), high: 10 ** Math.ceil(Math.log10(Math.max(high, 1.001 * low))) };
  }
  const span = Math.max(Math.abs(first), 1);
  return { kind, ...roundedOut(Math.max(low, first - 1e3 * span), Math.min(high, first + span)) };
}

/**
 * An axis for the learning rates of all runs.
 * @param {Float64Array[]} rates
 * @param {Kind} kind
 * @returns {Axis}
 */
export function rateAxis(rates, kind) {
  const largest = rates.map((column) => column.reduce((a, b) => Math.max(a, b), 0));
  const high = Math.max(...largest);
  if (kind === "log") {
    const positive = rates.flatMap((column) => [...column.filter((rate) => rate > 0)]);
    const smallest = positive.reduce((a, b) => Math.min(a, b), Infinity);
    const low = Math.max(smallest, 1e-4 * Math.min(...largest.filter((rate) => rate > 0)));
    if (low < Infinity) return { kind, low: 10 ** Math.floor(Math.log10(low)), high: 10 ** Math.ceil(Math.log10(high)) };
    return { kind, low: 0.1, high: 1 };
  }
  return { kind, low: 0, high: high > 0 ? roundedOut(0, high).high : 1 };
}

/**
 * The axes of a landscape: its domain, or as much more as holds the runs up to a step. They grow in jumps of a half, so
 * that their numbers can be read.
 * @param {Run[]} runs
 * @param {number[][]} domain
 * @param {number} step
 */
export function viewOf(runs, domain, step) {
  const [x, y] = domain.map(([low, high], axis) => {
    let [least, most] = [low, high];
    for (const { path, hidden } of runs) {
      if (hidden) continue;
      for (let row = 0; row <= Math.min(step, path.last); ++row) {
        const value = path.theta[2 * row + axis];
        if (!(Math.abs(value) <= FARTHEST)) continue;
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    const jumps = (/** @type {number} */ beyond) => 1.5 ** Math.ceil(Math.log1p(beyond / (high - low)) / Math.log(1.5)) - 1;
    return { kind: /** @type {const} */ ("linear"), low: low - (high - low) * jumps(low - least), high: high + (high - low) * jumps(most - high) };
  });
  return { x, y };
}

/** Ends widened to round numbers, so that an axis stays still while losses change a little. */
function roundedOut(/** @type {number} */ low, /** @type {number} */ high) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-300))) / 2;
  const ends = { low: Math.floor(low / unit) * unit, high: Math.ceil(high / unit) * unit };
  return ends.high > ends.low ? ends : { low: ends.low - 1, high: ends.high + 1 };
}
