/**
 * Basins of attraction of several runs side by side, each with its sliders: what the reader moves, the picture follows.
 *
 * @typedef {import("./model.js").FigureData} FigureData
 * @typedef {import("./model.js").Run} Run
 * @typedef {import("./figure.js").Outside} Outside
 */

import { Asked } from "./basins.js";
import { Model } from "./model.js";
import { groundPlot } from "./plot.js";
import { Slider } from "./sliders.js";
import { element } from "./transport.js";
import { drawPicture, picture, shares } from "./underlay.js";

/** The basins of one run. */
class Panel {
  /**
   * @param {Run} run
   * @param {Panels} panels
   */
  constructor(run, panels) {
    this.run = run;
    this.panels = panels;
    const { words, theme, still, landscape } = panels.data;
    const number = run.place + 1;
    this.asked = new Asked(() => panels.outside.worker(), (found) => this.take(found));
    /** @type {HTMLCanvasElement | null} */
    this.picture = null;
    const [rate, ...others] = run.data.sliders.map((knob) => new Slider(
      knob, `${knob.name === "learning_rate" ? words.learning_rate : knob.name}, ${words.run} ${number}`, run.values[knob.name],
      (value) => {
        panels.model.setValue(this.run, knob.name, value);
        this.asked.changed(this.run);
      }, () => panels.tell(),
    ));
    this.sliders = [rate, ...others];
    this.place = element("div", { class: "plot landscape", role: "img", title: words.open_start });
    this.words = element("p", { class: "basin-words" });
    const rows = others.map((one) => element("label", {}, element("span", { class: "knob", title: one.knob.help }, one.knob.name), one.element));
    this.element = element(
      "div", { class: "panel" }, element("h4", {}, `${number} ${run.name}`), this.place,
      element("label", { class: "rate" }, element("span", { class: "knob" }, words.learning_rate), rate.element),
      ...(rows.length ? [element("details", {}, element("summary", {}, words.others), ...rows)] : []), this.words,
    );
    this.element.style.setProperty("--colour", theme.runs[run.place]);
    this.plot = groundPlot(this.place, still.landscape, panels.outside.embed, landscape.domain);
    this.plot.canvas.addEventListener("click", (event) => {
      const [x, y] = this.plot.at(event.offsetX, event.offsetY);
      panels.model.setStart(x, y);
      panels.tell();
    });
  }

  /**
   * The run is set otherwise, or another of the same kind.
   * @param {Run} run
   */
  follow(run) {
    this.run = run;
    this.sliders.forEach((slider) => slider.set(run.values[slider.knob.name]));
    this.asked.changed(run);
  }

  /** @param {import("./basins.js").Found} found */
  take(found) {
    const { words, theme, steps } = this.panels.data;
    this.picture = picture(found, theme, steps, 215);
    this.words.textContent = shares(found, words);
    this.place.setAttribute("aria-label", `${this.panels.data.title}, ${this.run.name}: ${this.words.textContent}`);
    this.element.dataset.side = String(found.side);
    this.draw();
  }

  draw() {
    if (!this.plot.width) return;
    this.plot.clear();
    if (this.picture) drawPicture(this.plot, this.picture, this.panels.data.landscape.domain);
  }

  layout() {
    const [[xmin, xmax], [ymin, ymax]] = this.panels.data.landscape.domain;
    const { left, right, top, bottom } = this.plot.padding;
    const width = Math.floor(this.place.getBoundingClientRect().width);
    const aspect = Math.min(1.1, Math.max(0.6, (ymax - ymin) / (xmax - xmin)));
    this.plot.resize(width, Math.min(320, (width - left - right) * aspect) + top + bottom);
    this.draw();
  }
}

export class Panels {
  /**
   * @param {HTMLElement} host
   * @param {FigureData} data
   * @param {Outside} outside
   */
  constructor(host, data, outside) {
    this.outside = outside;
    /** @type {FigureData} */
    this.data;
    /** @type {Model} */
    this.model;
    /** @type {Panel[]} */
    this.panels = [];
    this.element = element("section", { "data-gdviz": "live", class: "panels", role: "group", "data-ready": "false" });
    host.append(this.element);
    this.observer = new ResizeObserver(() => this.layout());
    this.show(data);
    this.observer.observe(this.element);
  }

  /**
   * Show data for the first time, or other data in place of those before.
   * @param {FigureData} data
   */
  show(data) {
    const before = this.data;
    if (before && JSON.stringify(before) === JSON.stringify(data)) return;
    this.data = data;
    this.model = new Model(data, this.model?.chosen ?? null);
    const runs = this.model.runs.filter((run) => run.runner);
    if (!before || looks(before) !== looks(data)) this.build(runs);
    this.panels.forEach((panel, i) => panel.follow(runs[i]));
  }

  /** @param {Run[]} runs */
  build(runs) {
    this.element.dataset.ready = "false";
    this.element.setAttribute("aria-label", this.data.title);
    this.panels.forEach((panel) => panel.asked.stop());
    this.panels = runs.map((run) => new Panel(run, this));
    const served = this.model.runs.filter((run) => !run.runner).map(({ name, data }) => element("p", { class: "served" }, `${name}: ${this.data.words.server}. ${data.why}`));
    this.element.replaceChildren(...this.panels.map((panel) => panel.element), ...served);
    this.layout();
    Promise.all(this.panels.map(({ plot }) => plot.start())).then(() => { this.element.dataset.ready = "true"; }, (problem) => {
      this.element.prepend(element("p", { role: "alert" }, `${this.data.words.broken} ${problem}`));
    });
  }

  layout() {
    this.panels.forEach((panel) => panel.layout());
  }

  tell() {
    this.outside.tell(structuredClone(this.model.chosen));
  }

  remove() {
    this.observer.disconnect();
    this.panels.forEach((panel) => panel.asked.stop());
    this.element.remove();
  }
}

/**
 * What panels look like before anything is computed: where this differs, they are made anew.
 * @param {FigureData} data
 */
function looks({ still, theme, runs }) {
  return JSON.stringify([still, theme, runs.map(({ name, sliders, why }) => [name, sliders, why])]);
}
