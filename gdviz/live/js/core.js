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

/**
 * Mount a figure, or show other data in the one that is mounted.
 *
 * @param {HTMLElement} host
 * @param {import("./model.js").FigureData} data  Where its `kind` is "basins", basins side by side.
 * @param {{vega: () => Promise<any>, tell: (chosen: any) => void, worker: () => Worker}} outside
 *   `vega` loads vega-embed; `worker` starts this very file as a worker.
 */
export function mount(host, data, outside) {
  const known = mounted.get(host);
  if (known) {
    known.outside.tell = outside.tell;
    known.show(data);
    return known;
  }
  const figure = new (data.kind === "basins" ? Panels : Figure)(host, data, {
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

/**
 * Take a figure away.
 * @param {HTMLElement} host
 */
export function unmount(host) {
  mounted.get(host)?.remove();
  mounted.delete(host);
}
