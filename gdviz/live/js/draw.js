/**
 * What is drawn of runs: trails, heads, and where they left the plot.
 *
 * @typedef {import("./plot.js").Plot} Plot
 * @typedef {import("./model.js").Run} Run
 * @typedef {{runs: string[], dashes: number[][], shapes: string[], ink: string, halo: string, line: string}} Theme
 */

import { drawnRows, height } from "./scales.js";

/**
 * Outlines of the shapes that tell runs apart, in a square from -1 to 1.
 * @type {Object<string, number[][]>}
 */
const SHAPES = {
  square: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
  "triangle-up": [[0, -1], [1, 0.8], [-1, 0.8]],
  "triangle-down": [[0, 1], [1, -0.8], [-1, -0.8]],
  "triangle-right": [[1, 0], [-0.8, 1], [-0.8, -1]],
  "triangle-left": [[-1, 0], [0.8, 1], [0.8, -1]],
  diamond: [[0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]],
  cross: [[-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35], [0.35, 1], [-0.35, 1],
          [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35]],
};

/** A run as it stands on a plot: its points in pixels, each with its row. */
export class Trail {
  /**
   * @param {Run} run
   * @param {Plot} plot
   * @param {(run: Run, row: number) => number} x
   * @param {(run: Run, row: number) => number} y
   */
  constructor(run, plot, x, y) {
    this.run = run;
    this.rows = drawnRows(run.path.last).filter((row) => Number.isFinite(x(run, row)) && Number.isFinite(y(run, row)));
    this.points = new Float64Array(2 * this.rows.length);
    this.rows.forEach((row, i) => {
      this.points[2 * i] = plot.x(x(run, row));
      this.points[2 * i + 1] = plot.y(y(run, row));
    });
  }

  /**
   * How many points there are up to a row.
   * @param {number} step
   */
  upTo(step) {
    const { rows } = this;
    if (!rows.length || rows[rows.length - 1] <= step) return rows.length;
    if (rows[rows.length - 1] === rows.length - 1) return Math.max(0, Math.floor(step) + 1);
    return rows.findIndex((row) => row > step);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function outline(context, shape, x, y, size) {
  context.beginPath();
  if (!SHAPES[shape]) {
    context.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  SHAPES[shape].forEach(([dx, dy], i) => (i ? context.lineTo(x + dx * size, y + dy * size) : context.moveTo(x + dx * size, y + dy * size)));
  context.closePath();
}

/**
 * Trails up to a step, strong, and what follows, faint.
 * @param {Plot} plot
 * @param {Trail[]} trails
 * @param {Theme} theme
 * @param {{step: number, ahead: boolean, halo: boolean}} how
 */
export function drawTrails(plot, trails, theme, { step, ahead, halo }) {
  const { context } = plot;
  context.lineJoin = "round";
  const shown = trails.filter(({ run }) => !run.hidden);
  for (const trail of shown) {
    const colour = theme.runs[trail.run.place];
    const strength = trail.run.current ? 1 : 0.35;
    if (ahead) {
      context.setLineDash([]);
      Object.assign(context, { strokeStyle: colour, lineWidth: 1, globalAlpha: 0.35 * strength });
      plot.trace(trail.points, trail.rows.length);
    }
    const count = trail.upTo(step);
    if (halo) {
      context.setLineDash([]);
      Object.assign(context, { strokeStyle: theme.halo, lineWidth: 4, globalAlpha: 0.8 * strength });
      plot.trace(trail.points, count);
    }
    context.setLineDash(theme.dashes[trail.run.place][1] ? theme.dashes[trail.run.place] : []);
    Object.assign(context, { strokeStyle: colour, lineWidth: 2, globalAlpha: strength });
    plot.trace(trail.points, count);
  }
  context.setLineDash([]);
  for (const trail of shown) {
    const count = trail.upTo(step);
    if (!count) continue;
    context.globalAlpha = trail.run.current ? 1 : 0.35;
    drawHead(context, trail.points[2 * count - 2], trail.points[2 * count - 1], trail.run.place, theme);
  }
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} place
 * @param {Theme} theme
 */
export function drawHead(context, x, y, place, theme) {
  outline(context, theme.shapes[place], x, y, 5.5);
  Object.assign(context, { fillStyle: theme.runs[place], strokeStyle: theme.halo, lineWidth: 1.5 });
  context.fill();
  context.stroke();
}

/**
 * A landscape in pixels.
 * @param {Plot} plot
 * @param {number[][]} domain
 */
const edgesOf = (plot, [[xmin, xmax], [ymin, ymax]]) => ({ left: plot.x(xmin), right: plot.x(xmax), top: plot.y(ymax), bottom: plot.y(ymin) });

/**
 * The edge of the landscape, where the view shows more.
 * @param {Plot} plot
 * @param {number[][]} domain
 * @param {Theme} theme
 */
export function drawEdge(plot, domain, theme) {
  const { left, right, top, bottom } = edgesOf(plot, domain);
  plot.context.setLineDash([4, 4]);
  Object.assign(plot.context, { strokeStyle: theme.ink, lineWidth: 1, globalAlpha: 0.7 });
  plot.context.strokeRect(left, top, right - left, bottom - top);
  plot.context.setLineDash([]);
  plot.context.globalAlpha = 1;
}

/**
 * Where runs left the landscape: an arrowhead at its edge, pointing out, with the step.
 * @param {Plot} plot
 * @param {Trail[]} trails
 * @param {Theme} theme
 * @param {number} step
 * @param {number[][]} domain
 */
export function drawExits(plot, trails, theme, step, domain) {
  const { context, width, height: tall } = plot;
  const edges = edgesOf(plot, domain);
  for (const { run, rows, points } of trails) {
    const row = run.hidden ? null : run.leaves();
    if (row === null || row === 0 || row > step) continue;
    const at = rows.findIndex((drawn) => drawn >= row);
    const last = at < 1 ? rows.length - 1 : at;
    if (last < 1) continue;
    const [x0, y0, x1, y1] = points.slice(2 * last - 2, 2 * last + 2);
    const inside = Math.min(shareInside([x0, x1], [edges.left, edges.right]), shareInside([y0, y1], [edges.top, edges.bottom]));
    const x = x0 + inside * (x1 - x0), y = y0 + inside * (y1 - y0);
    const turned = Math.atan2(y1 - y0, x1 - x0);
    context.save();
    context.translate(x - 7 * Math.cos(turned), y - 7 * Math.sin(turned));
    context.rotate(turned);
    outline(context, "triangle-right", 0, 0, 7);
    Object.assign(context, { fillStyle: theme.runs[run.place], strokeStyle: theme.halo, lineWidth: 1.5 });
    context.fill();
    context.stroke();
    context.restore();
    Object.assign(context, { font: "11px sans-serif", fillStyle: theme.ink, strokeStyle: theme.halo, lineWidth: 3 });
    context.textAlign = x > width - 40 ? "right" : x < 40 ? "left" : "center";
    context.textBaseline = y > tall / 2 ? "bottom" : "top";
    const [tx, ty] = [x + (x > width - 40 ? -16 : x < 40 ? 16 : 0), y + (y > tall / 2 ? -16 : 16)];
    context.strokeText(`step ${row}`, tx, ty);
    context.fillText(`step ${row}`, tx, ty);
  }
}

/**
 * The share of a line, from its beginning between two edges, up to the edge that it crosses.
 * @param {number[]} line
 * @param {number[]} edges  The lower first.
 */
function shareInside([from, to], [low, high]) {
  const crossed = to > high ? (high - from) / (to - from) : to < low ? (from - low) / (from - to) : 1;
  return Math.max(0, crossed);
}

/**
 * Parts of trails whose steps had their gradient clipped.
 * @param {Plot} plot
 * @param {Trail[]} trails
 * @param {Theme} theme
 * @param {number} step
 */
export function drawClipped(plot, trails, theme, step) {
  const { context } = plot;
  Object.assign(context, { strokeStyle: theme.ink, lineWidth: 10, globalAlpha: 0.3 });
  for (const { run, rows, points } of trails) {
    if (run.hidden) continue;
    for (let i = 1; i < rows.length && rows[i] <= step; ++i) {
      let cut = false;
      for (let row = rows[i - 1]; row < rows[i]; ++row) cut = cut || run.path.clipped[row] === 1;
      if (cut) plot.trace(points.subarray(2 * i - 2, 2 * i + 2), 2);
    }
  }
  context.globalAlpha = 1;
}

/**
 * @param {Run} run
 * @param {number} row
 * @param {import("./scales.js").Kind} kind
 */
export const lossAt = (run, row, kind) => height(run.path.loss[row], kind, run.model.data.landscape.lowest);
