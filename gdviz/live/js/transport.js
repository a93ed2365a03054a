/**
 * The controls of time: play, pause, step, scrub, speed; and the clock behind them.
 */

const EYE =
  "M12 5C6.5 5 2.5 9.5 1.5 12c1 2.5 5 7 10.5 7s9.5-4.5 10.5-7c-1-2.5-5-7-10.5-7zm0 11.5a4.5 4.5 0 1 1 0" +
  "-9 4.5 4.5 0 0 1 0 9zm0-2.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z";

/**
 * The field's usual symbols, in a square of 24.
 * @type {Object<string, string>}
 */
const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  first: "M5 5h2.5v14H5zM19 5v14l-10-7z",
  back: "M15 5v14l-9-7zM17 5h2.5v14H17z",
  forward: "M9 5v14l9-7zM4.5 5H7v14H4.5z",
  last: "M16.5 5H19v14h-2.5zM5 5v14l10-7z",
  shown: EYE,
  hidden: `${EYE}M3 4.4 4.4 3 21 19.6 19.6 21z`,
};

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8];
/** A run of many steps plays in about this many seconds at speed 1; a short one at sixty steps a second. */
const SECONDS = 12;

/** @param {string} name */
export function icon(name) {
  return `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

/**
 * An element with attributes and children.
 * @param {string} tag
 * @param {Object<string, any>} attributes
 * @param {(Node | string)[]} children
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * @param {string} name
 * @param {string} label
 * @param {() => void} onclick
 * @param {Object<string, any>} more
 */
export function iconButton(name, label, onclick, more = {}) {
  const button = element("button", { type: "button", "aria-label": label, title: label, class: "icon", onclick, ...more });
  button.innerHTML = icon(name);
  return button;
}

export class Transport {
  /**
   * @param {Object<string, string>} words
   * @param {() => void} onframe  Called when the step has changed.
   */
  constructor(words, onframe) {
    this.words = words;
    this.onframe = onframe;
    this.steps = 1;
    this.step = 0;
    this.playing = false;
    this.held = false;
    this.speed = 1;
    this.progress = 0;
    this.before = 0;
    this.frame = 0;
    this.playButton = iconButton("play", words.play, () => this.toggle(), { class: "icon main" });
    this.range = element("input", {
      type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": words.step,
      oninput: () => { this.pause(); this.go(Number(this.range.value)); },
    });
    this.output = element("output", { class: "step" });
    this.select = element(
      "select", { "aria-label": words.speed, onchange: () => { this.speed = Number(this.select.value); } },
      ...SPEEDS.map((speed) => element("option", { value: speed, selected: speed === 1 }, `${speed}×`)),
    );
    const by = (/** @type {number} */ move) => () => { this.pause(); this.go(this.step + move); };
    this.element = element(
      "div", { class: "transport", role: "group", "aria-label": words.playing },
      iconButton("first", words.first, by(-Infinity)), iconButton("back", words.back, by(-1)), this.playButton,
      iconButton("forward", words.forward, by(1)), iconButton("last", words.last, by(Infinity)),
      this.range, this.output, this.select,
    );
  }

  /** @param {number} steps */
  setSteps(steps) {
    this.steps = steps;
    this.range.max = String(steps);
    this.go(this.step);
  }

  /** @param {number} step */
  go(step) {
    this.step = Math.min(this.steps, Math.max(0, step));
    this.range.value = String(this.step);
    this.range.style.setProperty("--done", `${(100 * this.step) / this.steps}%`);
    this.output.textContent = `${this.step} / ${this.steps}`;
    this.onframe();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.step >= this.steps) this.go(0);
    this.playing = true;
    this.progress = 0;
    this.before = performance.now();
    this.show();
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.show();
  }

  show() {
    const label = this.playing ? this.words.pause : this.words.play;
    if (this.playButton.getAttribute("aria-label") === label) return;
    this.playButton.innerHTML = icon(this.playing ? "pause" : "play");
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }

  /** @param {number} now */
  tick(now) {
    if (!this.playing) return;
    const elapsed = Math.min(0.25, Math.max(0, now - this.before) / 1000);
    this.before = now;
    if (!this.held) {
      this.progress += elapsed * Math.max(60, this.steps / SECONDS) * this.speed;
      const whole = Math.floor(this.progress);
      this.progress -= whole;
      if (whole) this.go(this.step + whole);
      if (this.step >= this.steps) {
        this.pause();
        return;
      }
    }
    this.frame = requestAnimationFrame((then) => this.tick(then));
  }
}
