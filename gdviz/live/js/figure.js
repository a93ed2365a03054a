/**
 * The live figure: two plots, the controls of time, and the list of runs. What the reader moves, the picture follows
 * within a frame; only when the hand rests is anybody told.
 *
 * @typedef {import("./model.js").FigureData} FigureData
 * @typedef {import("./model.js").Chosen} Chosen
 * @typedef {import("./model.js").Run} Run
 * @typedef {object} Outside  What the figure needs from where it stands.
 * @property {(host: HTMLElement, spec: any) => Promise<any>} embed  Draws a Vega-Lite specification; gives its view.
 * @property {(chosen: Chosen) => void} tell  Is told what the reader has chosen.
 * @property {() => Worker} worker  Starts this very file as a worker.
 * @property {string} [name]  By which it is put back where it was taken away.
 */

import { Trail, drawClipped, drawEdge, drawExits, drawTrails, lossAt } from "./draw.js";
import { drag, moveByKeys, timeByKeys } from "./hand.js";
import { Model } from "./model.js";
import { Plot, groundPlot } from "./plot.js";
import { lossAxis, rateAxis, viewOf } from "./scales.js";
import { Row, short } from "./sliders.js";
import { Transport, element } from "./transport.js";
import { Underlay } from "./underlay.js";

/** Wider than this, the plots stand side by side. */
const SIDE_BY_SIDE = 720;

export class Figure {
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
    /** @type {Plot} */
    this.ground;
    /** @type {Plot} */
    this.losses;
    /** @type {Plot | null} */
    this.rates;
    /** @type {Underlay} */
    this.basins;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Run | null} */
    this.opened = null;
    /** @type {Trail[]} */
    this.trails = [];
    /** @type {Trail[]} */
    this.lossTrails = [];
    /** @type {Trail[]} */
    this.rateTrails = [];
    /** @type {number | undefined} */
    this.thinking = undefined;
    this.quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    /** Whether the view goes with the runs where they leave the landscape. */
    this.following = false;
    /** Resolves when the plots are drawn for the first time. */
    this.drawn = Promise.resolve();
    this.element = element("section", { "data-gdviz": "live", role: "group", tabindex: -1 });
    host.append(this.element);
    this.observer = new ResizeObserver(() => this.layout());
    this.transport = new Transport(data.words, () => this.draw());
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => timeByKeys(this, event));
    /** @type {number | undefined} */
    this.resting = undefined;
    this.frame = 0;
    this.show(data);
    this.observer.observe(this.element);
  }

  /**
   * Show data for the first time, or other data in place of those before.
   * @param {FigureData} data
   */
  show(data) {
    /** @type {FigureData | undefined} */
    const before = this.data;
    if (before && JSON.stringify(before) === JSON.stringify(data)) return;
    /** @type {Model | undefined} */
    const old = this.model;
    const chosen = old?.chosen ?? null;
    const hidden = new Set(old?.runs.filter((run) => run.hidden).map((run) => run.name));
    const open = this.opened?.name;
    this.data = data;
    /** @type {Model} */
    this.model = new Model(data, chosen);
    this.model.runs.forEach((run) => { run.hidden = hidden.has(run.name); });
    this.element.setAttribute("aria-label", data.title);
    const sameStill = before && JSON.stringify(before.still) === JSON.stringify(data.still)
      && JSON.stringify(before.theme) === JSON.stringify(data.theme);
    if (!sameStill) this.build();
    this.list();
    const opened = this.model.runs.find((run) => run.name === open);
    if (opened) this.open(opened);
    const elsewhere = !before || JSON.stringify(before.landscape) !== JSON.stringify(data.landscape);
    this.transport.setSteps(data.steps);
    this.basins.changed();
    this.update();
    if (sameStill) this.layout();
    // Not before there is a ground to run on: on a slow machine it would be over when the picture comes.
    if (elsewhere) this.drawn.then(() => this.begin());
    this.rested();
  }

  /** Play from the start; or, where the reader prefers no motion, show the end. */
  begin() {
    this.transport.go(this.quiet ? this.data.steps : 0);
    if (!this.quiet) this.transport.play();
  }

  /** Make the plots. */
  build() {
    const { data } = this;
    const { words, still } = data;
    this.element.dataset.ready = "false";
    this.start = element("button", { type: "button", class: "start", role: "slider", "aria-label": words.start, title: words.start_help });
    this.follower = element("button", { type: "button", class: "follow", hidden: true, onclick: () => this.follow(!this.following) });
    const places = { landscape: element("div", { class: "plot landscape" }, this.start, this.follower), loss: element("div", { class: "plot loss" }), rate: element("div", { class: "plot rate" }) };
    this.ground = groundPlot(places.landscape, still.landscape, this.outside.embed, data.landscape.domain);
    const against = { last: (/** @type {any} */ axes) => axes.x.high, low: (/** @type {any} */ axes) => axes.y.low, high: (/** @type {any} */ axes) => axes.y.high };
    /**
     * @param {HTMLElement} host
     * @param {any} one
     */
    const stepPlot = (host, one) => new Plot(host, one.spec, this.outside.embed,
      { x: { kind: "linear", low: 0, high: data.steps }, y: { kind: one.kind, low: 1, high: 10 } }, against);
    this.losses = stepPlot(places.loss, still.loss);
    this.rates = still.rate ? stepPlot(places.rate, still.rate) : null;
    this.runsList = element("ul", { class: "runs", "aria-label": words.runs });
    this.basins = new Underlay(this);
    this.told = element("p", { class: "unseen", role: "status" });
    this.words = element("p", { class: "unseen", id: "gdviz-live-words" });
    this.element.setAttribute("aria-describedby", "gdviz-live-words");
    const side = element("div", { class: "side" }, places.loss, ...(this.rates ? [places.rate] : []));
    this.below = element("div", { class: "below" }, this.runsList, element("p", { class: "hint" }, words.marks), this.basins.element);
    this.element.replaceChildren(
      element("div", { class: "left" }, places.landscape, this.transport.element),
      element("div", { class: "right" }, side, this.below), this.told, this.words,
    );
    drag(this, places.landscape);
    moveByKeys(this);
    this.layout();
    this.update();
    this.drawn = Promise.all(this.plots().map((plot) => plot.start())).then(() => {
      this.element.dataset.ready = "true";
      this.draw();
    }, (problem) => {
      this.element.prepend(element("p", { role: "alert" }, `${words.broken} ${problem}`));
    });
  }

  plots() {
    return [this.ground, this.losses, ...(this.rates ? [this.rates] : [])];
  }

  /** Make the list of runs. */
  list() {
    const { theme, words } = this.data;
    this.rows = this.model.runs.map((run) => new Row(run, theme, words, {
      slide: (which, name, value) => {
        this.model.setValue(which, name, value);
        this.basins.changed();
        this.soon();
      },
      release: () => this.release(),
      look: () => { this.offerToFollow(); this.draw(); },
      open: (which) => this.open(this.opened === which ? null : which),
    }));
    this.runsList.replaceChildren(...this.rows.map((row) => row.element));
    this.opened = null;
  }

  /**
   * Show the hyperparameters of a run, and of no other.
   * @param {Run | null} run
   */
  open(run) {
    this.opened = run;
    this.rows.forEach((row) => row.open(row.run === run));
    this.draw();
  }

  /** Something has moved: draw it with the next frame. */
  soon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  }

  /** The runs have changed. */
  update() {
    const { data, model } = this;
    const kind = this.losses.axes.y.kind;
    this.losses.axes = { x: { kind: "linear", low: 0, high: data.steps }, y: lossAxis(model.runs, kind, data.landscape.lowest) };
    this.losses.follow();
    if (this.rates) {
      const taken = model.runs.map(({ path }) => path.rates.subarray(0, Math.max(1, path.last)));
      this.rates.axes = { x: this.losses.axes.x, y: rateAxis(taken, this.rates.axes.y.kind) };
      this.rates.follow();
    }
    this.trace();
    this.rows.forEach((row) => row.update());
    this.offerToFollow();
    this.draw();
  }

  /** @param {boolean} following */
  follow(following) {
    this.following = following;
    this.offerToFollow();
    this.draw();
  }

  /** Following is offered where there is anything to follow: a run that leaves the landscape. */
  offerToFollow() {
    const { words } = this.data;
    this.follower.hidden = !this.following && this.model.runs.every((run) => run.hidden || !run.leaves());
    this.follower.textContent = this.following ? words.unfollow : words.follow;
  }

  /** Set the view: the landscape's own, or one that holds the runs up to this step. */
  look() {
    const { domain } = this.data.landscape;
    const axes = viewOf(this.following ? this.model.runs : [], domain, this.transport.step);
    if (JSON.stringify(axes) === JSON.stringify(this.ground.axes)) return;
    this.ground.axes = axes;
    this.ground.follow();
    this.traceGround();
  }

  /** Where the runs stand on the plots. */
  trace() {
    const { model, losses, rates } = this;
    const kind = losses.axes.y.kind;
    this.traceGround();
    this.lossTrails = model.runs.map((run) => new Trail(run, losses, (_, row) => row, (one, row) => lossAt(one, row, kind)));
    this.rateTrails = rates
      ? model.runs.map((run) => new Trail(run, rates, (_, row) => row, (one, row) => one.path.rates[Math.min(row, Math.max(0, one.path.last - 1))]))
      : [];
  }

  traceGround() {
    this.trails = this.model.runs.map((run) => new Trail(run, this.ground, (one, row) => one.path.theta[2 * row], (one, row) => one.path.theta[2 * row + 1]));
  }

  draw() {
    if (!this.ground?.width) return;
    const { step, playing } = this.transport;
    const { theme, landscape } = this.data;
    this.look();
    this.ground.clear();
    this.basins.draw(this.ground);
    drawClipped(this.ground, this.trails, theme, step);
    drawTrails(this.ground, this.trails, theme, { step, ahead: !playing, halo: true });
    if (this.following) drawEdge(this.ground, landscape.domain, theme);
    drawExits(this.ground, this.trails, theme, step, landscape.domain);
    this.losses.clear();
    drawTrails(this.losses, this.lossTrails, theme, { step, ahead: true, halo: false });
    if (this.rates) {
      this.rates.clear();
      drawTrails(this.rates, this.rateTrails, theme, { step, ahead: true, halo: false });
    }
    if (this.opened) this.rows[this.opened.place].rule.update(step);
    this.placeStart();
  }

  placeStart() {
    const [x, y] = this.model.chosen.start;
    const { left, top } = this.ground.padding;
    const across = Math.min(this.ground.width, Math.max(0, this.ground.x(x)));
    const down = Math.min(this.ground.height, Math.max(0, this.ground.y(y)));
    this.start.style.transform = `translate(${left + across}px, ${top + down}px)`;
    const [low, high] = this.data.landscape.domain[0];
    const shown = { "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": short(x), "aria-valuetext": `x ${short(x)}, y ${short(y)}` };
    for (const [name, value] of Object.entries(shown)) this.start.setAttribute(name, String(value));
  }

  /** Fit the plots into the room that there is. */
  layout() {
    const width = Math.floor(this.element.getBoundingClientRect().width);
    if (!width || !this.ground) return;
    const wide = width >= SIDE_BY_SIDE;
    this.element.classList.toggle("wide", wide);
    this.element.classList.toggle("tight", (wide ? 0.46 : 1) * width < 460);
    const [x, y] = this.data.landscape.domain;
    const aspect = Math.min(1.1, Math.max(0.6, (y[1] - y[0]) / (x[1] - x[0])));
    const room = wide ? Math.min(0.54 * width, 700) : width;
    const { left, right, top, bottom } = this.ground.padding;
    const tall = Math.min((room - left - right) * aspect, wide ? 640 : 520) + top + bottom;
    this.element.style.setProperty("--ground", `${Math.floor(room)}px`);
    this.ground.resize(room, tall);
    const side = wide ? width - Math.floor(room) - 16 : width;
    // Beside the landscape: as tall as leaves room for the list of runs, whether one of them is open or not.
    const below = this.below.getBoundingClientRect().height - (this.opened ? this.rows[this.opened.place].detailsHeight : 0);
    const losses = wide ? Math.max(this.rates ? 300 : 220, Math.min(this.rates ? 460 : 360, tall + 44 - below)) : this.rates ? 360 : 230;
    this.losses.resize(side, this.rates ? losses * 0.62 : losses);
    this.rates?.resize(side, losses * 0.38);
    this.trace();
    this.draw();
  }

  // What the reader moves ----------------------------------------------------------------------------------------

  /**
   * Move the start.
   * @param {number[]} point
   */
  move(point) {
    const [x, y] = point.map((value, axis) => {
      const [low, high] = this.data.landscape.domain[axis];
      const digits = Math.max(0, 3 - Math.floor(Math.log10(high - low)));
      return Number(value.toFixed(Math.min(12, digits)));
    });
    this.model.setStart(x, y);
    this.soon();
  }

  /** The hand rests: now, or when it has not moved for a while. */
  release(wait = 0) {
    clearTimeout(this.resting);
    const rest = () => {
      this.outside.tell(structuredClone(this.model.chosen));
      this.rested();
    };
    if (wait) this.resting = setTimeout(rest, wait);
    else rest();
  }

  /** What takes a little longer, and what is read aloud. */
  rested() {
    const { words } = this.data;
    const told = this.model.runs.map((run) => {
      const left = run.leaves();
      return `${run.name}: ${words[run.status]}, ${words.loss} ${short(run.finalLoss)}${left ? `, ${words.left.replace("{}", left)}` : ""}.`;
    }).join(" ");
    const [x, y] = this.model.chosen.start;
    this.words.textContent = `${this.data.landscape.label}. ${words.start} (${short(x)}, ${short(y)}). ${told}`;
    if (this.element.contains(document.activeElement) || this.element.getRootNode() instanceof ShadowRoot) this.told.textContent = told;
    clearTimeout(this.thinking);
    this.thinking = setTimeout(() => this.theory(), 60);
  }

  /** Where theory calls learning rates stable, and where they break, run by run between frames. */
  theory() {
    const { words } = this.data;
    const left = [...this.rows];
    const next = () => {
      const row = left.shift();
      if (!row || !this.rows.includes(row)) return;
      const [knob] = row.run.data.sliders;
      row.rate.theory(row.run.stableLimit(), row.run.breaksAt(knob.low, knob.high), words);
      this.thinking = setTimeout(next, 0);
    };
    next();
  }

  remove() {
    this.transport.pause();
    this.observer.disconnect();
    this.basins.stop();
    this.element.remove();
  }
}
