/**
 * How a run ended: the verdicts of gdviz.outcome, for the page and for basins.
 *
 * @typedef {"converged" | "running" | "stalled" | "diverged"} Status
 * @typedef {object} Ground  What is known of a landscape.
 * @property {[[number, number], [number, number]]} domain
 * @property {number | null} lowest  The loss at the global minima; null where there are none.
 * @property {(x: number, y: number) => number[]} hessian  The second derivatives by xx, xy and yy.
 * @typedef {object} Path  The record of a run; row t belongs to the point after t steps.
 * @property {Float64Array} theta  x and y of row t stand at 2t and 2t + 1.
 * @property {Float64Array} loss
 * @property {Float64Array} gradient
 * @property {Uint8Array} clipped  1 where the step from that row had its gradient clipped.
 * @property {Float64Array} rates  The learning rate of the step from each row.
 * @property {number} last  The last row.
 * @property {boolean} finite  Whether all of that row is finite.
 * @property {string} met  The stop condition that ended the run, or "".
 */

export const TOLERANCE = 1e-6;
export const STILL = 1e-6;
export const LAST = 10;

/**
 * Whether a loss is, within the tolerance, as low as a minimum's.
 * @param {number} loss
 * @param {number} minimum
 */
export function reaches(loss, minimum) {
  return loss - minimum <= TOLERANCE * Math.max(1, Math.abs(minimum));
}

/**
 * @param {Path} path
 * @param {Ground} ground
 * @param {boolean} maximize
 * @returns {Status}
 */
export function judge(path, ground, maximize = false) {
  if (!path.finite) return "diverged";
  const { theta, loss, gradient, last } = path;
  if (path.met === "loss" || (!maximize && ground.lowest !== null && reaches(loss[last], ground.lowest)))
    return "converged";
  let moved = 0;
  for (let row = Math.max(1, last - LAST + 1); row <= last; ++row)
    moved += Math.abs(theta[2 * row] - theta[2 * row - 2]) + Math.abs(theta[2 * row + 1] - theta[2 * row - 1]);
  const width = widest(ground);
  if (moved > STILL * width) return "running";
  const sign = maximize ? -1 : 1;
  const [a, b, d] = ground.hessian(theta[2 * last], theta[2 * last + 1]).map((second) => sign * second);
  return atMinimum(a, b, d, gradient[2 * last], gradient[2 * last + 1], width) ? "converged" : "stalled";
}

/**
 * The longer side of the part that is drawn.
 * @param {Ground} ground
 */
export function widest(ground) {
  return Math.max(...ground.domain.map(([low, high]) => high - low));
}

/**
 * Whether a gradient vanishes beside a curvature that is positive in every direction: the Newton step is short.
 * @param {number} a
 * @param {number} b
 * @param {number} d  The Hessian's entries xx, xy, yy.
 * @param {number} gx
 * @param {number} gy
 * @param {number} width
 */
function atMinimum(a, b, d, gx, gy, width) {
  if (!Number.isFinite(a + b + d)) return false;
  const [low, high] = eigenvalues(a, b, d);
  const turned = Math.atan2(2 * b, a - d) / 2; // of the axis along which the curvature is the higher one
  const along = Math.cos(turned) * gx + Math.sin(turned) * gy;
  const across = Math.cos(turned) * gy - Math.sin(turned) * gx;
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const least = Math.max(1e-9 * largest, 1e-300);
  const toFlat = Math.hypot(along / Math.max(Math.abs(high), least), across / Math.max(Math.abs(low), least));
  return toFlat <= 1e-3 * width && low > 1e-9 * largest;
}

/**
 * The eigenvalues of a symmetric matrix, the smaller first.
 * @param {number} a
 * @param {number} b
 * @param {number} d
 */
export function eigenvalues(a, b, d) {
  const middle = (a + d) / 2;
  const reach = Math.hypot((a - d) / 2, b);
  return [middle - reach, middle + reach];
}

/**
 * After how many steps the loss stays where the run converged to; null where it has not converged.
 * @param {Path} path
 * @param {Status} status
 * @param {Ground} ground
 * @param {boolean} maximize
 */
export function stepsToConverge(path, status, ground, maximize = false) {
  if (status !== "converged") return null;
  const sign = maximize ? -1 : 1;
  const { loss, last } = path;
  const known = ground.lowest !== null && !maximize && reaches(loss[last], ground.lowest);
  const goal = known && ground.lowest !== null ? ground.lowest : sign * loss[last];
  let row = last;
  while (row >= 0 && reaches(sign * loss[row], goal)) --row;
  return row + 1;
}
