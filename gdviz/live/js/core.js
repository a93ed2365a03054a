/**
 * The live figure, for wherever it stands: in the app, in a notebook's page, in a file on a disk.
 *
 * Python joins this file with those that it imports into one module, in that order. Started as a worker, the same file
 * computes basins of attraction.
 */

import { serveBasins } from "./basins.js";
import { Figure } from "./figure.js";
import { Panels } from "./panels.js";

if (typeof document === "undefined") serveBasins();

/** Milliseconds for which a figure that is taken away can be put back. */
const PUT_BACK = 1000;

/**
 * Mount a figure, or show other data in the one that is mounted.
 *
 * @param {HTMLElement} host
 * @param {import("./model.js").FigureData} data  Where its `kind` is "basins", basins side by side.
 * @param {{vega: () => Promise<any>, tell: (chosen: any) => void, worker: () => Worker, name?: string}} outside
 *   `vega` loads vega-embed; `worker` starts this very file as a worker; a figure with a `name` that was taken away a
 *   moment ago goes on in its new place where it was.
 */
export function mount(host, data, outside) {
  const known = mounted.get(host) ?? putBack(host, outside.name);
  if (known) {
    known.outside.tell = outside.tell;
    known.show(data);
    return known;
  }
  const figure = new (data.kind === "basins" ? Panels : Figure)(host, data, {
    name: outside.name,
    tell: outside.tell,
    worker: outside.worker,
    embed: async (place, spec) => {
      const embed = await outside.vega();
      const { view } = await embed(place, spec, { actions: false, renderer: "canvas", logLevel: 1 });
      return view;
    },
  });
  mounted.set(host, figure);
  return figure;
}

/** @type {WeakMap<HTMLElement, Figure | Panels>} */
const mounted = new WeakMap();

/** @type {Map<string, {figure: Figure | Panels, timer: number}>} */
const leaving = new Map();

/**
 * Take a figure away. One with a name waits a moment for being put back: an app that draws its page anew may take an
 * element out and put it in again, and the reader's run must not begin anew for that.
 * @param {HTMLElement} host
 */
export function unmount(host) {
  const figure = mounted.get(host);
  mounted.delete(host);
  if (!figure) return;
  const { name } = figure.outside;
  if (!name) return figure.remove();
  const timer = setTimeout(() => {
    leaving.delete(name);
    figure.remove();
  }, PUT_BACK);
  leaving.set(name, { figure, timer });
}

/**
 * @param {HTMLElement} host
 * @param {string | undefined} name
 */
function putBack(host, name) {
  const left = name && leaving.get(name);
  if (!left) return undefined;
  clearTimeout(left.timer);
  leaving.delete(name);
  host.append(left.figure.element);
  mounted.set(host, left.figure);
  return left.figure;
}
