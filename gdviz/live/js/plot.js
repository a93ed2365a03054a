/**
 * A plot: axes and whatever else stands still are drawn by Vega, what moves on a canvas over it.
 *
 * @typedef {import("./scales.js").Axis} Axis
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 */

import { scaled } from "./scales.js";

/** Lines are cut this many pixels outside the plot: longer ones cost a browser much, dashed ones most. */
const MARGIN = 24;

export class Plot {
  /**
   * @param {HTMLElement} host
   * @param {any} spec  Vega-Lite, made by gdviz.live.still.
   * @param {(host: HTMLElement, spec: any) => Promise<any>} embed  Makes a Vega view of it.
   * @param {{x: Axis, y: Axis}} axes
   * @param {Object<string, (axes: {x: Axis, y: Axis}) => number>} followed  The specification's parameters.
   */
  constructor(host, spec, embed, axes, followed) {
    this.host = host;
    this.spec = spec;
    this.embed = embed;
    this.axes = axes;
    this.followed = followed;
    /** @type {Box} */
    this.padding = spec.padding;
    this.width = 0;
    this.height = 0;
    this.canvas = document.createElement("canvas");
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.still = document.createElement("div");
    this.still.setAttribute("aria-hidden", "true");
    this.canvas.setAttribute("aria-hidden", "true");
    host.prepend(this.still, this.canvas);
    /** @type {any} */
    this.view = null;
    /** @type {Object<string, number>} */
    this.told = {};
  }

  /**
   * Make the plot fit into so many pixels, axes included.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    const { left, right, top, bottom } = this.padding;
    const inner = [Math.max(60, Math.round(width) - left - right), Math.max(60, Math.round(height) - top - bottom)];
    if (inner[0] === this.width && inner[1] === this.height) return;
    [this.width, this.height] = inner;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    Object.assign(this.canvas.style, {
      left: `${left}px`, top: `${top}px`, width: `${this.width}px`, height: `${this.height}px`,
    });
    this.host.style.height = `${this.height + top + bottom}px`;
    if (this.view) this.view.width(this.width).height(this.height).runAsync();
  }

  /** Draw what stands still, for the first time. */
  async start() {
    this.told = this.ends();
    const params = this.spec.params.map((/** @type {any} */ one) => ({ ...one, value: this.told[one.name] ?? one.value }));
    const font = getComputedStyle(this.host).fontFamily;
    const config = { ...this.spec.config, font };
    const { width, height } = this;
    this.view = await this.embed(this.still, { ...this.spec, params, config, width, height });
    if (width !== this.width || height !== this.height) this.view.width(this.width).height(this.height).runAsync();
    this.follow();
  }

  ends() {
    return Object.fromEntries(Object.entries(this.followed).map(([name, end]) => [name, end(this.axes)]));
  }

  /** Have Vega draw the axes anew where their ends have changed. */
  follow() {
    if (!this.view) return;
    const ends = this.ends();
    const changed = Object.keys(ends).filter((name) => ends[name] !== this.told[name]);
    if (!changed.length) return;
    changed.forEach((name) => this.view.signal(name, ends[name]));
    this.told = ends;
    this.view.runAsync();
  }

  /** @param {number} value */
  x(value) {
    return (place(this.axes.x, value)) * this.width;
  }

  /** @param {number} value */
  y(value) {
    return (1 - place(this.axes.y, value)) * this.height;
  }

  /**
   * The point of the plot under a place on the canvas.
   * @param {number} px
   * @param {number} py
   */
  at(px, py) {
    const { x, y } = this.axes;
    return [x.low + (px / this.width) * (x.high - x.low), y.low + (1 - py / this.height) * (y.high - y.low)];
  }

  /** An empty canvas, whose unit is a pixel of the page. */
  clear() {
    const ratio = this.canvas.width / this.width;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }

  /**
   * Trace a line through points, cut outside the plot.
   * @param {Float64Array} points  x and y in pixels, in turn.
   * @param {number} count  Points.
   */
  trace(points, count) {
    const { context } = this;
    context.beginPath();
    let inside = false;
    for (let i = 1; i < count; ++i) {
      const cut = clipped(points[2 * i - 2], points[2 * i - 1], points[2 * i], points[2 * i + 1], this.width, this.height);
      if (!cut) {
        inside = false;
        continue;
      }
      if (!inside || cut.entered) context.moveTo(cut.x0, cut.y0);
      context.lineTo(cut.x1, cut.y1);
      inside = !cut.left;
    }
    context.stroke();
  }
}

/**
 * The plot of a landscape, whose axes the browser may move.
 * @param {HTMLElement} host
 * @param {any} spec
 * @param {(host: HTMLElement, spec: any) => Promise<any>} embed
 * @param {number[][]} domain
 */
export function groundPlot(host, spec, embed, domain) {
  const [x, y] = domain.map(([low, high]) => ({ kind: /** @type {const} */ ("linear"), low, high }));
  return new Plot(host, spec, embed, { x, y }, {
    x_low: (axes) => axes.x.low, x_high: (axes) => axes.x.high, y_low: (axes) => axes.y.low, y_high: (axes) => axes.y.high,
  });
}

/**
 * The share of an axis below a value.
 * @param {Axis} axis
 * @param {number} value
 */
function place(axis, value) {
  const low = scaled(axis.kind, axis.low);
  return (scaled(axis.kind, value) - low) / (scaled(axis.kind, axis.high) - low);
}

/**
 * The part of a line within the plot and its margin (Liang & Barsky, 1984); null where there is none.
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {number} width
 * @param {number} height
 */
function clipped(x0, y0, x1, y1, width, height) {
  const dx = x1 - x0, dy = y1 - y0;
  if (!Number.isFinite(dx + dy)) return null;
  let from = 0, to = 1;
  const sides = [[-dx, x0 + MARGIN], [dx, width + MARGIN - x0], [-dy, y0 + MARGIN], [dy, height + MARGIN - y0]];
  for (const [run, room] of sides) {
    if (run === 0) {
      if (room < 0) return null;
      continue;
    }
    const share = room / run;
    if (run < 0) from = Math.max(from, share);
    else to = Math.min(to, share);
    if (from > to) return null;
  }
  return {
    x0: x0 + from * dx, y0: y0 + from * dy, x1: x0 + to * dx, y1: y0 + to * dy, entered: from > 0, left: to < 1,
  };
}
