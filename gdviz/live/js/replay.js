/**
 * A recorded training that plays again: the decision boundary, where there is one, and the losses against the batch.
 *
 * @typedef {{step: number[], loss: (number | null)[]}} Curve
 * @typedef {object} Training
 * @property {string} title
 * @property {string} text
 * @property {number} steps  Batches taken.
 * @property {number} batches  Of an epoch.
 * @property {Curve} train
 * @property {Curve} validation
 * @property {string} reason  How it ended.
 * @property {{x: number[], y: number[], target: number[]} | null} points  The data.
 * @property {{domain: number[][], side: number, pictures: {step: number, values: string}[]} | null} boundary
 *   Probabilities of class 1 as bytes in base64, rows from the bottom up.
 * @property {any} still
 * @property {any} theme
 * @property {any} words
 */

import { outline } from "./draw.js";
import { Plot, groundPlot } from "./plot.js";
import { short } from "./sliders.js";
import { Transport, element } from "./transport.js";
import { channels, drawPicture } from "./underlay.js";

export class Replay {
  /**
   * @param {HTMLElement} host
   * @param {Training} data
   * @param {(host: HTMLElement, spec: any) => Promise<any>} embed
   */
  constructor(host, data, embed) {
    this.data = data;
    const { boundary, still, words } = data;
    this.transport = new Transport(words, () => this.draw());
    this.transport.setSteps(data.steps);
    this.told = element("p", { class: "replay-words" });
    const places = { boundary: element("div", { class: "plot landscape" }), loss: element("div", { class: "plot loss" }) };
    this.ground = boundary ? groundPlot(places.boundary, still.boundary, embed, boundary.domain) : null;
    const ends = lossEnds([data.train, data.validation]);
    this.losses = new Plot(places.loss, still.loss, embed, { x: { kind: "linear", low: 0, high: data.steps }, y: { kind: "log", ...ends } },
      { last: (axes) => axes.x.high, low: (axes) => axes.y.low, high: (axes) => axes.y.high });
    this.element = element(
      "section", { "data-gdviz": "replay", class: "replay", role: "group", "aria-label": data.title },
      element("p", {}, data.text),
      element("div", { class: "replay-plots" }, ...(boundary ? [places.boundary] : []), places.loss), this.transport.element, this.told,
    );
    this.pictures = boundary ? boundary.pictures.map((one) => boundaryOf(one.values, boundary.side, data.theme)) : [];
    host.replaceChildren(this.element);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.element);
    this.layout();
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    Promise.all([this.ground, this.losses].map((plot) => plot?.start())).then(() => {
      this.element.dataset.ready = "true";
      this.transport.go(quiet ? data.steps : 0);
      if (!quiet) this.transport.play();
    });
  }

  layout() {
    const width = Math.floor(this.element.getBoundingClientRect().width);
    if (!width) return;
    const side = this.ground && width >= 640 ? Math.floor(width / 2) - 8 : width;
    this.ground?.resize(side, Math.min(side, 420));
    this.losses.resize(side, this.ground ? Math.min(side, 420) : 300);
    this.draw();
  }

  draw() {
    const { data, ground, losses } = this;
    if (!losses?.width) return;
    const { step } = this.transport;
    const { theme, train, validation } = data;
    losses.clear();
    this.curve(train, step, theme.runs[1], []);
    this.curve(validation, step, theme.runs[0], [6, 3]);
    if (ground && data.boundary && data.points) {
      const taken = data.boundary.pictures.filter((one) => one.step <= step).length;
      ground.clear();
      if (taken) drawPicture(ground, this.pictures[taken - 1], data.boundary.domain);
      this.scatter(data.points);
    }
    const epoch = Math.min(Math.ceil(step / data.batches), Math.ceil(data.steps / data.batches));
    const told = [`epoch ${epoch}`, `training loss (solid) ${lastBy(train, step)}`];
    if (validation.step.length) told.push(`validation loss (dashed) ${lastBy(validation, step)}`);
    if (step >= data.steps) told.push(data.reason);
    this.told.textContent = told.join(" · ");
  }

  /**
   * @param {Curve} curve
   * @param {number} step
   * @param {string} colour
   * @param {number[]} dash
   */
  curve({ step: at, loss }, step, colour, dash) {
    const { losses } = this;
    const rows = at.map((_, row) => row).filter((row) => loss[row] !== null);
    const points = Float64Array.from(rows.flatMap((row) => [losses.x(at[row]), losses.y(Math.max(loss[row] ?? 0, losses.axes.y.low))]));
    Object.assign(losses.context, { strokeStyle: colour, lineWidth: 1, globalAlpha: 0.3 });
    losses.trace(points, rows.length);
    losses.context.setLineDash(dash);
    Object.assign(losses.context, { lineWidth: 2, globalAlpha: 1 });
    losses.trace(points, rows.filter((row) => at[row] <= step).length);
    losses.context.setLineDash([]);
  }

  /** @param {{x: number[], y: number[], target: number[]}} points */
  scatter({ x, y, target }) {
    const plot = /** @type {Plot} */ (this.ground);
    const { theme } = this.data;
    x.forEach((value, i) => {
      outline(plot.context, target[i] ? "square" : "circle", plot.x(value), plot.y(y[i]), 3.5);
      Object.assign(plot.context, { fillStyle: theme.runs[target[i] ? 0 : 1], strokeStyle: theme.halo, lineWidth: 1 });
      plot.context.fill();
      plot.context.stroke();
    });
  }

  remove() {
    this.transport.pause();
    this.observer.disconnect();
    this.element.remove();
  }
}

/**
 * Decades that hold all losses.
 * @param {Curve[]} curves
 */
function lossEnds(curves) {
  const losses = curves.flatMap(({ loss }) => loss.filter((one) => one !== null && one > 0)).map(Number);
  const [low, high] = [Math.min(...losses), Math.max(...losses)].map(Math.log10);
  return { low: 10 ** Math.floor(low), high: 10 ** Math.max(Math.ceil(high), Math.floor(low) + 1) };
}

/**
 * The last loss up to a step.
 * @param {Curve} curve
 * @param {number} step
 */
function lastBy({ step: at, loss }, step) {
  const taken = at.filter((one) => one <= step).length;
  return taken ? (loss[taken - 1] === null ? "not finite" : short(Number(loss[taken - 1]))) : "–";
}

/**
 * Probabilities as a picture, in the colours of the two classes.
 * @param {string} values
 * @param {number} side
 * @param {any} theme
 */
function boundaryOf(values, side, theme) {
  const bytes = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
  const [one, other] = [theme.runs[0], theme.runs[1]].map(channels);
  const image = new ImageData(side, side);
  bytes.forEach((value, cell) => {
    const at = 4 * ((side - 1 - Math.floor(cell / side)) * side + (cell % side));
    for (let i = 0; i < 3; ++i) image.data[at + i] = (one[i] * value + other[i] * (255 - value)) / 255;
    image.data[at + 3] = 40 + Math.abs(value - 127);
  });
  const canvas = element("canvas", { width: side, height: side });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
