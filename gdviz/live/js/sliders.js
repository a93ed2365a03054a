/**
 * The list of runs: colour and shape, name, learning rate, final loss and status; and the hyperparameters of the one
 * that is open.
 *
 * @typedef {import("./model.js").Run} Run
 * @typedef {import("./model.js").Knob} Knob
 */

import { drawHead } from "./draw.js";
import { Rule } from "./rule.js";
import { element, icon, iconButton } from "./transport.js";

/** Positions of a slider. */
const POSITIONS = 600;

/**
 * A number in few digits.
 * @param {number} value
 */
export function short(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

/**
 * The position of a value on a slider, from 0 to POSITIONS.
 * @param {Knob} knob
 * @param {number} value
 */
export function positionOf({ low, high, log }, value) {
  const share = log ? Math.log(Math.max(value, 1e-300) / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(POSITIONS * Math.min(1, Math.max(0, share)));
}

/**
 * The value at a position, in three digits.
 * @param {Knob} knob
 * @param {number} position
 */
export function valueAt({ low, high, log }, position) {
  const share = position / POSITIONS;
  if (log) return Number((low * (high / low) ** share).toPrecision(3));
  return Number((low + (high - low) * share).toPrecision(3));
}

/** A slider with its number beside it. */
export class Slider {
  /**
   * @param {Knob} knob
   * @param {string} label
   * @param {number} value
   * @param {(value: number) => void} onslide  While it moves.
   * @param {() => void} onrelease
   */
  constructor(knob, label, value, onslide, onrelease) {
    this.knob = knob;
    this.input = element("input", {
      type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": label, title: knob.help,
      oninput: () => {
        this.value = valueAt(this.knob, Number(this.input.value));
        this.number.textContent = short(this.value);
        this.input.setAttribute("aria-valuetext", short(this.value));
        onslide(this.value);
      },
      onchange: onrelease,
    });
    this.zone = element("span", { class: "zone", hidden: true });
    this.mark = element("span", { class: "break", hidden: true });
    this.number = element("output", { class: "value" });
    this.element = element("span", { class: "slider" }, element("span", { class: "track" }, this.zone, this.mark, this.input), this.number);
    this.value = NaN;
    this.set(value);
  }

  /** @param {number} value */
  set(value) {
    if (this.value === value) return;
    this.value = value;
    this.input.value = String(positionOf(this.knob, value));
    this.number.textContent = short(value);
    this.input.setAttribute("aria-valuetext", short(value));
  }

  /**
   * Shade what theory calls stable, and mark where it breaks.
   * @param {number | null} stable
   * @param {number | null} breaks
   * @param {Object<string, string>} words
   */
  theory(stable, breaks, words) {
    const along = (/** @type {number} */ value) => `${(100 * positionOf(this.knob, value)) / POSITIONS}%`;
    this.zone.hidden = stable === null;
    if (stable !== null) this.zone.style.setProperty("--to", along(stable));
    this.mark.hidden = breaks === null;
    if (breaks !== null) this.mark.style.setProperty("--at", along(breaks));
    const told = [
      this.knob.help,
      stable === null ? "" : words.stable.replace("{}", short(Number(stable.toPrecision(3)))),
      breaks === null ? "" : words.breaks.replace("{}", short(Number(breaks.toPrecision(3)))),
    ];
    this.input.title = told.filter(Boolean).join(". ");
  }
}

/** One run of the list. */
export class Row {
  /**
   * @param {Run} run
   * @param {import("./draw.js").Theme} theme
   * @param {Object<string, string>} words
   * @param {{slide: (run: Run, name: string, value: number) => void, release: () => void, look: () => void,
   *          open: (run: Run) => void}} act
   */
  constructor(run, theme, words, act) {
    this.run = run;
    this.words = words;
    const number = run.place + 1;
    const [rate, ...others] = run.data.sliders;
    /**
     * @param {Knob} knob
     * @param {string} label
     */
    const slider = (knob, label) => new Slider(
      knob, label, run.values[knob.name], (value) => act.slide(run, knob.name, value), act.release,
    );
    this.rate = slider(rate, `${words.learning_rate}, ${words.run} ${number}`);
    this.others = others.map((knob) => slider(knob, `${knob.name}, ${words.run} ${number}`));
    this.rule = new Rule(run, words);
    this.details = element(
      "div", { class: "details", hidden: true }, this.rule.element,
      ...this.others.map((one) => element("label", {}, element("span", { class: "knob", title: one.knob.help }, one.knob.name), one.element)),
      others.length ? "" : words.nothing_else,
    );
    this.opener = element("button", {
      type: "button", class: "name", "aria-expanded": "false", title: words.open,
      onclick: () => act.open(run),
    }, run.name);
    this.eye = iconButton("shown", `${words.hide} ${run.name}`, () => {
      run.hidden = !run.hidden;
      this.eye.innerHTML = icon(run.hidden ? "hidden" : "shown");
      this.eye.setAttribute("aria-pressed", String(run.hidden));
      this.element.classList.toggle("hidden-run", run.hidden);
      act.look();
    }, { "aria-pressed": "false" });
    this.told = element("span", {});
    this.result = element("span", { class: "result" }, element("span", { class: "word" }, `${words.loss} `), this.told);
    this.served = element("span", { class: "served", title: run.data.why }, run.runner ? "" : words.server);
    this.element = element(
      "li", { class: "run" },
      element("div", { class: "head" }, sample(run.place, theme), this.opener, this.served, element("span", { class: "end" }, this.result, this.eye)),
      this.rate.element, this.details,
    );
    this.element.style.setProperty("--colour", theme.runs[run.place]);
  }

  /** @param {boolean} open */
  open(open) {
    this.details.hidden = !open;
    this.opener.setAttribute("aria-expanded", String(open));
  }

  get detailsHeight() {
    return this.details.getBoundingClientRect().height;
  }

  /** Show how the run ended. */
  update() {
    const { run, words } = this;
    const loss = Number.isFinite(run.finalLoss) ? Number(run.finalLoss.toPrecision(3)) : Number.isNaN(run.finalLoss) ? "NaN" : run.finalLoss > 0 ? "∞" : "-∞";
    const at = run.status === "diverged" ? ` ${words.at_step} ${run.path.last}` : "";
    const told = run.current ? `${loss} · ${words[run.status]}${at}` : words.waiting;
    if (this.told.textContent !== told) this.told.textContent = told;
    this.result.dataset.status = run.status;
  }

  /** Take over the values of the model. */
  values() {
    this.rate.set(this.run.values.learning_rate);
    this.others.forEach((one) => one.set(this.run.values[one.knob.name]));
  }
}

/**
 * A piece of a run's trail.
 * @param {number} place
 * @param {import("./draw.js").Theme} theme
 */
function sample(place, theme) {
  const canvas = element("canvas", { width: 68, height: 32, class: "sample", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.setLineDash(theme.dashes[place][1] ? theme.dashes[place] : []);
  Object.assign(context, { strokeStyle: theme.runs[place], lineWidth: 2 });
  context.beginPath();
  context.moveTo(0, 8);
  context.lineTo(34, 8);
  context.stroke();
  context.setLineDash([]);
  drawHead(context, 17, 8, place, theme);
  return canvas;
}
