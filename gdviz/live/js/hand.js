/**
 * What the reader's hand does: it moves the start, by pointer, touch and keys, and time, by keys.
 *
 * @typedef {import("./figure.js").Figure} Figure
 */

/** Milliseconds after the last key until the hand is taken to rest. */
const REST = 300;

/**
 * Drag the start, or click to set it.
 * @param {Figure} figure
 * @param {HTMLElement} place  The landscape's.
 */
export function drag(figure, place) {
  const canvas = figure.ground.canvas;
  /** @param {PointerEvent} event */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return figure.ground.at(event.clientX - box.left, event.clientY - box.top);
  };
  let moved = false;
  /** @type {number[] | null} */
  let grabbed = null;
  place.addEventListener("pointerdown", (event) => {
    const onHandle = event.target === figure.start;
    if ((event.target !== canvas && !onHandle) || event.button !== 0) return;
    // A finger on the plot scrolls the page; on the handle, it drags; a tap sets the start.
    if (event.pointerType === "touch" && !onHandle) return;
    event.preventDefault();
    figure.start.focus({ preventScroll: true });
    place.setPointerCapture(event.pointerId);
    grabbed = [event.clientX, event.clientY];
    moved = false;
    figure.transport.held = true;
    if (!onHandle) figure.move(point(event));
  });
  place.addEventListener("pointermove", (event) => {
    if (!grabbed) return;
    moved = moved || Math.hypot(event.clientX - grabbed[0], event.clientY - grabbed[1]) > 3;
    if (moved) figure.move(point(event));
  });
  /** @param {PointerEvent} event */
  const end = (event) => {
    if (!grabbed) return;
    const clicked = !moved && event.target !== figure.start;
    grabbed = null;
    figure.transport.held = false;
    figure.release();
    if (clicked && !figure.quiet) figure.begin();
  };
  place.addEventListener("pointerup", end);
  place.addEventListener("pointercancel", end);
  canvas.addEventListener("click", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType !== "touch") return;
    figure.move(point(/** @type {PointerEvent} */ (event)));
    figure.release();
    if (!figure.quiet) figure.begin();
  });
}

/**
 * The arrow keys move the start.
 * @param {Figure} figure
 */
export function moveByKeys(figure) {
  /** @type {Object<string, number[]>} */
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
  figure.start.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const share = event.shiftKey ? 0.1 : 0.01;
    figure.move(figure.model.chosen.start.map((/** @type {number} */ value, /** @type {number} */ axis) => {
      const [low, high] = figure.data.landscape.domain[axis];
      return value + move[axis] * share * (high - low);
    }));
    figure.release(REST);
  });
}

/**
 * Space plays and pauses, the arrow keys take steps.
 * @param {Figure} figure
 * @param {KeyboardEvent} event
 */
export function timeByKeys(figure, event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input, select, button")) return;
  if (event.key === " ") figure.transport.toggle();
  else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    figure.transport.pause();
    figure.transport.go(figure.transport.step + (event.key === "ArrowRight" ? 1 : -1));
  } else return;
  event.preventDefault();
}
