/**
 * Basins as they are drawn: their picture, their words, and the choice of a run whose basins lie under the trails.
 *
 * @typedef {import("./figure.js").Figure} Figure
 * @typedef {import("./model.js").Run} Run
 * @typedef {import("./basins.js").Found} Found
 */

import { Asked, LEFT } from "./basins.js";
import { element } from "./transport.js";

/** The basins of a figure: which run's, and their picture. */
export class Underlay {
  /** @param {Figure} figure */
  constructor(figure) {
    this.figure = figure;
    this.asked = new Asked(() => figure.outside.worker(), (found) => this.take(found));
    /** @type {HTMLCanvasElement | null} */
    this.picture = null;
    this.name = "";
    this.select = element("select", { onchange: () => { this.name = this.select.value; this.picture = null; this.changed(); this.figure.draw(); } });
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

  /** The runs, or what they are set to, have changed. */
  changed() {
    this.offer();
    const { run } = this;
    if (run) {
      this.asked.changed(run);
      return;
    }
    this.asked.forget();
    this.picture = null;
    this.words.textContent = "";
  }

  /** List the runs that have basins here. */
  offer() {
    const { model, data } = this.figure;
    const names = ["", ...model.runs.filter((run) => run.runner).map((run) => run.name)];
    if (names.join() === [...this.select.options].map((option) => option.value).join()) return;
    this.select.replaceChildren(...names.map((name) => element("option", { value: name, selected: name === this.name }, name || data.words.none)));
    if (!names.includes(this.name)) this.name = "";
  }

  /** @param {Found} found */
  take(found) {
    if (!this.run) return;
    const { theme, steps, words } = this.figure.data;
    this.picture = picture(found, theme, steps, 150);
    this.words.textContent = `${shares(found, words)} ${words.basins_help}`;
    this.element.dataset.side = String(found.side);
    this.figure.draw();
  }

  /** @param {import("./plot.js").Plot} plot */
  draw(plot) {
    if (this.picture) drawPicture(plot, this.picture, this.figure.data.landscape.domain);
  }

  stop() {
    this.asked.stop();
  }
}

/**
 * The picture of the cells: a colour a minimum, paler the longer it took.
 * @param {Found} found
 * @param {any} theme
 * @param {number} most  Steps.
 * @param {number} alpha  How dense it is, up to 255.
 */
export function picture({ side, place, steps }, theme, most, alpha) {
  const colours = theme.runs.map(channels);
  const [ground, ink] = [channels(theme.valley), channels(theme.ink)];
  const image = new ImageData(side, side);
  for (let cell = 0; cell < side * side; ++cell) {
    const slow = place[cell] >= 0 ? 0.7 * Math.min(1, steps[cell] / most) : place[cell] === LEFT ? 0 : 0.75;
    const colour = place[cell] >= 0 ? colours[place[cell]] : ink;
    const row = side - 1 - Math.floor(cell / side);
    const at = 4 * (row * side + (cell % side));
    for (let i = 0; i < 3; ++i) image.data[at + i] = colour[i] * (1 - slow) + ground[i] * slow;
    image.data[at + 3] = alpha;
  }
  const canvas = element("canvas", { width: side, height: side });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/**
 * A picture of the domain, where that is on the plot.
 * @param {import("./plot.js").Plot} plot
 * @param {HTMLCanvasElement} drawn
 * @param {number[][]} domain
 */
export function drawPicture(plot, drawn, [[xmin, xmax], [ymin, ymax]]) {
  plot.context.imageSmoothingEnabled = false;
  plot.context.drawImage(drawn, plot.x(xmin), plot.y(ymax), plot.x(xmax) - plot.x(xmin), plot.y(ymin) - plot.y(ymax));
}

/**
 * From how many starts runs converge, and diverge.
 * @param {Found} found
 * @param {Object<string, string>} words
 */
export function shares({ place }, words) {
  const share = (/** @type {(place: number) => boolean} */ which) => `${Math.round((100 * place.filter(which).length) / place.length)} %`;
  return `${words.converged} ${share((one) => one >= 0)}, ${words.diverged} ${share((one) => one === LEFT)}.`;
}

/**
 * Red, green and blue of #rrggbb.
 * @param {string} colour
 */
export function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
