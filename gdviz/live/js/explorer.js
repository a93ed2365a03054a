/**
 * The explorer of the static site: any recorded rule on any recorded landscape, or on the reader's own formula.
 *
 * What it is set to stands in the address's hash, in the fields of the app's links, so that a hash can be pasted behind
 * the app's address and the other way round.
 *
 * @typedef {import("./model.js").FigureData} FigureData
 * @typedef {import("./record.js").Rec} Rec
 * @typedef {{label: string, summary: string, sliders: import("./model.js").Knob[], values: Object<string, any>,
 *            formula: import("./rule.js").Formula, initial: Rec, step: Rec, state: string[], knobs: Object<string, number>}} Rule
 * @typedef {{label: string, group: string}} Listed
 * @typedef {{rule: string, values: Object<string, number>}} Chosen
 * @typedef {{landscape: string, formula: string, domain: number[], runs: Chosen[], start: number[] | null, steps: number}} State
 */

import { formulaRecord } from "./formula.js";
import { compiled } from "./record.js";
import { composed } from "./tape.js";
import { element } from "./transport.js";

const OWN = "own_function";
const MOST_RUNS = 8;
const GRID = 160;
const CONTOURS = 10;

/**
 * Start the explorer.
 * @param {{figure: HTMLElement, controls: HTMLElement, notes: HTMLElement}} places
 * @param {any} site  What gdviz.site wrote into rules.json.
 * @param {{load: (path: string) => Promise<any>, show: (data: FigureData, tell: (chosen: any) => void) => void,
 *          replay: (data: any) => void, vega: () => Promise<any>}} outside
 */
export function explore(places, site, outside) {
  /** @type {State} */
  let state = { ...structuredClone(site.opening) };
  let version = 0;

  const draw = async (remember = true) => {
    const [landscape, still] = await groundOf(state, site, outside);
    version += 1;
    const data = figureOf(state, site, landscape, still, version);
    places.notes.textContent = "";
    outside.show(data, (chosen) => {
      state.start = chosen.start;
      state.runs.forEach((run, i) => Object.assign(run.values, chosen.values[i]));
      keep();
    });
    if (remember) keep();
  };
  const keep = () => history.replaceState(null, "", `#${toHash(state)}`);
  const change = (/** @type {Partial<State>} */ changes) => {
    const before = state;
    state = { ...state, ...changes };
    controls();
    draw().catch((problem) => {
      places.notes.textContent = problem.message;
      state = before;
    });
  };
  const controls = () => places.controls.replaceChildren(...controlsOf(state, site, change));

  let shown = false;
  const follow = () => {
    const fields = new URLSearchParams(location.hash.slice(1));
    const [story, training] = [fields.get("story"), fields.get("training")];
    if (training) {
      outside.load(`trainings/${training}.json`).then(outside.replay, () => { places.notes.textContent = `There is no training called ${training}.`; });
      if (shown) return;
    }
    shown = true;
    if (story) {
      outside.load(`stories/${story}.json`).then(({ data, text }) => {
        places.controls.replaceChildren(element("p", { class: "story" }, text));
        version += 1; // What was chosen in the story before is not this one's.
        outside.show({ ...data, chosen: { ...data.chosen, version } }, () => undefined);
      }, () => { places.notes.textContent = `There is no story called ${story}.`; });
      return;
    }
    const [read, notes] = fromHash(training ? "" : location.hash.slice(1), site);
    state = read;
    controls();
    draw(!training).then(() => { places.notes.textContent = notes.join(" "); }, (problem) => { places.notes.textContent = problem.message; });
  };
  window.addEventListener("hashchange", follow);
  follow();
}

// Landscapes ----------------------------------------------------------------------------------------------------------

/**
 * A landscape with its record, and what stands still on it.
 * @param {State} state
 * @param {any} site
 * @param {{load: (path: string) => Promise<any>, vega: () => Promise<any>}} outside
 */
async function groundOf(state, site, outside) {
  if (state.landscape !== OWN) {
    const landscape = await outside.load(`landscapes/${state.landscape}.json`);
    const { line, x, y } = landscape.still.contours; // columns are half as long as rows
    const contours = line.map((/** @type {number} */ one, /** @type {number} */ at) => ({ at, line: one, x: x[at], y: y[at] }));
    return [landscape, { ...landscapeSpec(site.still.landscape, landscape.domain), datasets: { ...landscape.still, contours } }];
  }
  const record = formulaRecord(state.formula);
  const [xmin, xmax, ymin, ymax] = state.domain;
  const domain = [[xmin, xmax], [ymin, ymax]];
  const start = [xmin + (xmax - xmin) / 4, ymin + (ymax - ymin) / 4];
  const landscape = { label: "Your function", domain, minima: [], lowest: null, start, record, examples: {} };
  const datasets = { ...(await relief(record, domain, site.theme, outside.vega)), minima: [] };
  return [landscape, { ...landscapeSpec(site.still.landscape, domain), datasets }];
}

/**
 * @param {any} spec
 * @param {number[][]} domain
 */
function landscapeSpec(spec, [[xmin, xmax], [ymin, ymax]]) {
  /** @type {Object<string, number>} */
  const ends = { x_low: xmin, x_high: xmax, y_low: ymin, y_high: ymax };
  return { ...spec, params: spec.params.map((/** @type {any} */ one) => ({ ...one, value: ends[one.name] })) };
}

/**
 * Heatmap and contours of a formula: on a logarithmic scale above the lowest loss where losses spread over decades, as
 * gdviz.charts.background has it.
 * @param {Rec} record
 * @param {number[][]} domain
 * @param {any} theme
 * @param {() => Promise<any>} loadVega
 */
async function relief(record, [[xmin, xmax], [ymin, ymax]], theme, loadVega) {
  const calculated = compiled(record, ["x", "y"]);
  const losses = Array.from({ length: GRID * GRID }, (_, i) => {
    const x = xmin + ((xmax - xmin) * (i % GRID)) / (GRID - 1);
    const y = ymin + ((ymax - ymin) * Math.floor(i / GRID)) / (GRID - 1);
    return calculated(x, y)[0];
  });
  const finite = losses.filter(Number.isFinite).sort((a, b) => a - b);
  if (!finite.length) throw new Error("function: it has no finite value in this domain");
  const floor = finite[0];
  const above = (/** @type {number} */ loss) => Math.max(loss - floor, 0);
  const [low, top] = [above(finite[Math.floor(0.02 * finite.length)]), above(finite[finite.length - 1])];
  const lift = Math.max(low, top / 1e4);
  const logarithmic = top > 10 ** 1.5 * low && top > 0;
  const heightOf = (/** @type {number} */ loss) => (logarithmic ? Math.log10(above(loss) + lift) : above(loss));
  const [bottom, highest] = [heightOf(floor), heightOf(finite[finite.length - 1])];
  const heights = losses.map((loss) => (heightOf(loss) - bottom) / (highest - bottom || 1));
  const contours = await contourRows(await loadVega(), heights, [xmin, xmax, ymin, ymax]);
  return { heatmap: [{ url: painted(heights, theme), x: xmin, x2: xmax, y: ymin, y2: ymax }], contours };
}

/**
 * The heights as a picture; where there is none, it is transparent.
 * @param {number[]} heights
 * @param {any} theme
 */
function painted(heights, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = new ImageData(GRID, GRID);
  const [valley, hill] = [theme.valley, theme.hill].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  heights.forEach((height, i) => {
    const at = 4 * ((GRID - 1 - Math.floor(i / GRID)) * GRID + (i % GRID));
    for (let channel = 0; channel < 3; ++channel) image.data[at + channel] = valley[channel] + height * (hill[channel] - valley[channel]);
    image.data[at + 3] = Number.isFinite(height) ? 255 : 0;
  });
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/**
 * Contour lines, by Vega's own transform.
 * @param {any} embed  Vega-Embed.
 * @param {number[]} heights
 * @param {number[]} ends
 */
async function contourRows(embed, heights, [xmin, xmax, ymin, ymax]) {
  const thresholds = Array.from({ length: CONTOURS }, (_, i) => (i + 1) / (CONTOURS + 1));
  const values = heights.map((height) => (Number.isFinite(height) ? height : 1e9));
  const data = [
    { name: "grid", values: [{ width: GRID, height: GRID, values }] },
    { name: "lines", source: "grid", transform: [{ type: "isocontour", thresholds, smooth: true, as: "contour" }] },
  ];
  const { view } = await embed(document.createElement("div"), { data }, { mode: "vega", actions: false });
  /** @type {{at: number, line: number, x: number, y: number}[]} */
  const rows = [];
  let line = 0;
  for (const { contour } of view.data("lines")) {
    for (const ring of contour.coordinates.flat()) {
      let inside = false;
      for (const [i, j] of ring) {
        // A ring runs along the edge of the grid where it leaves it: there is no line there.
        const edge = i <= 0.5 || j <= 0.5 || i >= GRID - 0.5 || j >= GRID - 0.5;
        if (edge && inside) line += 1;
        inside = !edge;
        if (!edge) rows.push({
          at: rows.length, line,
          x: xmin + ((xmax - xmin) * (i - 0.5)) / (GRID - 1), y: ymin + ((ymax - ymin) * (j - 0.5)) / (GRID - 1),
        });
      }
      line += 1;
    }
  }
  view.finalize();
  return rows;
}

// Figure --------------------------------------------------------------------------------------------------------------

/**
 * @param {State} state
 * @param {any} site
 * @param {any} landscape
 * @param {any} still
 * @param {number} version
 * @returns {FigureData}
 */
function figureOf(state, site, landscape, still, version) {
  const kind = landscape.lowest === null ? "symlog" : "log";
  const { loss, xx, xy, yy } = landscape.record.outputs;
  const names = state.runs.map(({ rule }) => site.rules[rule].label);
  return {
    title: `Paths of optimizers on the ${landscape.label} landscape, and their losses against the step`,
    landscape: { ...landscape, record: { ...landscape.record, outputs: { loss, xx, xy, yy } } },
    runs: state.runs.map(({ rule }, i) => {
      const { formula, initial, step, state: remembered, knobs, sliders } = site.rules[rule];
      const alike = names.filter((name) => name === names[i]).length > 1;
      return {
        name: alike ? `${names[i]} (${names.slice(0, i + 1).filter((name) => name === names[i]).length})` : names[i],
        rule, formula, knobs, sliders, why: "", schedule: null, served: null,
        record: { initial, step: composed(step, landscape.record), state: remembered },
      };
    }),
    chosen: { version, start: state.start ?? landscape.start, values: state.runs.map(({ values }) => ({ ...values })) },
    steps: state.steps, maximize: false, stop: { loss: null, loss_change: null, gradient_norm: null }, noise: null,
    loss_scale: "log", still: { landscape: still, loss: { spec: site.still[kind], kind } }, theme: site.theme, words: site.words,
  };
}

// Controls ------------------------------------------------------------------------------------------------------------

/**
 * @param {State} state
 * @param {any} site
 * @param {(changes: Partial<State>) => void} change
 */
function controlsOf(state, site, change) {
  const landscapes = element(
    "select", { onchange: () => change({ landscape: landscapes.value, start: null }) },
    element("option", { value: OWN, selected: state.landscape === OWN }, "Your function"),
    ...Object.entries(site.landscapes).map(([name, label]) => element("option", { value: name, selected: name === state.landscape }, label)),
  );
  const own = state.landscape === OWN ? ownControls(state, change) : [];
  const steps = element("input", {
    type: "number", min: 1, max: 5000, step: 50, value: state.steps,
    onchange: () => change({ steps: Math.min(5000, Math.max(1, Math.round(Number(steps.value)) || 1)) }),
  });
  const rules = (/** @type {string} */ chosen) => Object.entries(site.rules).map(
    ([name, rule]) => element("option", { value: name, selected: name === chosen }, /** @type {any} */ (rule).label));
  const runs = state.runs.map((run, i) => {
    const select = element("select", { onchange: () => change({ runs: state.runs.map((one, j) => (i === j ? newRun(select.value, site, one) : one)) }) }, ...rules(run.rule));
    const remove = element("button", {
      type: "button", "aria-label": `Remove run ${i + 1}`, disabled: state.runs.length === 1,
      onclick: () => change({ runs: state.runs.filter((_, j) => i !== j) }),
    }, "×");
    return element("label", { class: "run-control" }, element("span", {}, `Run ${i + 1}`), select, remove);
  });
  const add = element("button", {
    type: "button", disabled: state.runs.length === MOST_RUNS,
    onclick: () => change({ runs: [...state.runs, newRun("adam", site, null)] }),
  }, "Add an optimizer");
  return [
    element("label", {}, element("span", {}, "Landscape"), landscapes), ...own,
    element("label", {}, element("span", {}, "Steps"), steps), ...runs, add,
  ];
}

/**
 * @param {State} state
 * @param {(changes: Partial<State>) => void} change
 */
function ownControls(state, change) {
  const formula = element("input", { type: "text", maxlength: 200, value: state.formula, onchange: () => change({ formula: formula.value }) });
  const domain = element("input", {
    type: "text", value: state.domain.join(","),
    onchange: () => {
      const ends = domain.value.split(",").map(Number);
      if (ends.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3]) change({ domain: ends, start: null });
    },
  });
  return [
    element("label", { class: "wide-control" }, element("span", {}, "f(x, y)"), formula),
    element("label", {}, element("span", {}, "Domain: xmin,xmax,ymin,ymax"), domain),
  ];
}

/**
 * A run of a rule, at the learning rate of the one that it replaces.
 * @param {string} rule
 * @param {any} site
 * @param {Chosen | null} before
 * @returns {Chosen}
 */
function newRun(rule, site, before) {
  const values = { ...site.rules[rule].values };
  if (before) values.learning_rate = before.values.learning_rate;
  return { rule, values };
}

// Address -------------------------------------------------------------------------------------------------------------

/** @param {State} state */
function toHash(state) {
  const fields = new URLSearchParams();
  fields.append("landscape", state.landscape);
  if (state.landscape === OWN) {
    fields.append("function", state.formula);
    fields.append("domain", state.domain.join(","));
  }
  for (const { rule, values } of state.runs)
    fields.append("run", [rule, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join(","));
  if (state.start) fields.append("start", state.start.join(","));
  fields.append("steps", String(state.steps));
  return fields.toString();
}

/**
 * What a hash describes, and notes on what of it could not be read, or is not offered here.
 * @param {string} hash
 * @param {any} site
 * @returns {[State, string[]]}
 */
export function fromHash(hash, site) {
  const fields = new URLSearchParams(hash);
  /** @type {State} */
  const state = structuredClone(site.opening);
  /** @type {string[]} */
  const notes = [];
  const [landscape] = (fields.get("landscape") ?? state.landscape).split(",");
  if (landscape === OWN || Object.hasOwn(site.landscapes, landscape)) state.landscape = landscape;
  else notes.push(`landscape: no landscape is called ${landscape}.`);
  state.formula = fields.get("function") ?? state.formula;
  const domain = (fields.get("domain") ?? "").split(",").map(Number);
  if (domain.length === 4 && domain.every(Number.isFinite) && domain[0] < domain[1] && domain[2] < domain[3]) state.domain = domain;
  const runs = fields.getAll("run").slice(0, MOST_RUNS).flatMap((text) => {
    const [rule, ...settings] = text.split(",");
    if (!Object.hasOwn(site.rules, rule)) {
      notes.push(`run: no rule here is called ${rule}.`);
      return [];
    }
    const run = newRun(rule, site, null);
    for (const setting of settings) {
      const [name, value] = setting.split("=");
      if (Object.hasOwn(run.values, name) && value !== "" && Number.isFinite(Number(value))) run.values[name] = Number(value);
    }
    return [run];
  });
  if (runs.length) state.runs = runs;
  const start = (fields.get("start") ?? "").split(",").map(Number);
  state.start = fields.get("start") && start.length === 2 && start.every(Number.isFinite) ? start : null;
  const steps = Number(fields.get("steps") ?? state.steps);
  if (Number.isInteger(steps) && steps >= 1 && steps <= 5000) state.steps = steps;
  else notes.push("steps: must be a whole number from 1 to 5000.");
  return [state, notes];
}
