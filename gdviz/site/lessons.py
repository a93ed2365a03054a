"""The place of each lesson on the site: what it will be about, and what of it can be tried already."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A place."""

    name: str
    """Its anchor."""
    title: str
    about: str
    tries: tuple[tuple[str, str], ...] = ()
    """A thing to try: words, and the hash that opens it."""


def _on(landscape: str, *runs: str, **more: object) -> str:
    """The hash of an experiment in the explorer."""
    fields = [f"landscape={landscape}", *(f"run={run}" for run in runs), *(f"{name}={more[name]}" for name in more)]
    return "&".join(fields)


LESSONS = (
    Lesson(
        "gradient-descent",
        "Gradient descent",
        "Step against the gradient, again and again. On a bowl it finds the lowest point; among many valleys it finds "
        "the nearest.",
        (
            ("a bowl", _on("quadratic", "gradient_descent,learning_rate=0.05", steps=200)),
            ("many valleys", _on("rastrigin", "gradient_descent,learning_rate=0.001", steps=300)),
        ),
    ),
    Lesson(
        "gradients",
        "Gradients and the chain rule",
        "Where the numbers come from: slopes by each coordinate, layer by layer back through a network. Follow the "
        "gradient instead, and you climb.",
        (("ascent", _on("himmelblau", "gradient_ascent,learning_rate=0.001", steps=60)),),
    ),
    Lesson(
        "learning-rate",
        "The learning rate",
        "Too small, and it never arrives; too large, and it flies out. In between, theory draws a line: 2/λ_max.",
        (("beyond the line", "story=too_fast"),),
    ),
    Lesson(
        "stopping",
        "When to stop",
        "A loss that is low enough, a loss that hardly changes, or a number of steps: three conditions, three answers.",
    ),
    Lesson(
        "stochastic",
        "Stochastic gradients",
        "One example in place of all of them, or noise added on purpose: two things that are often taken for one.",
        (("noise that helps", "story=noise_frees_a_run"), ("small batches", "story=small_batches_rough_paths")),
    ),
    Lesson(
        "schedules",
        "Learning rates that change",
        "By the clock, by the size of the gradient, or by whether the loss fell: schedules, and rules that are their "
        "own schedule.",
        (("bold driver", _on("rosenbrock", "bold_driver", "dynamic_gradient_descent", steps=500)),),
    ),
    Lesson(
        "momentum",
        "Momentum and Nesterov",
        "A velocity that remembers: faster along the ravine, calmer across it, and now and then beyond the goal.",
        (("across the ravine", "story=momentum_crosses_the_ravine"),),
    ),
    Lesson(
        "adaptive",
        "AdaGrad, RMSprop, Adam",
        "A step of its own for each coordinate, from the sizes of past gradients; and what the bias correction is for.",
        (("only ever slower", "story=adagrad_only_ever_slows_down"), ("the first steps", "story=adams_first_steps")),
    ),
    Lesson(
        "rough-ground",
        "Kinks, saddles, plateaus",
        "Where gradients mislead: no slope to follow, two ways down, a bottom that is not flat.",
        (("a saddle", "story=caught_on_a_saddle"), ("a kink", "story=kink_has_no_flat_bottom")),
    ),
    Lesson(
        "vanishing",
        "Vanishing and exploding gradients",
        "Ten layers back, a gradient is a product of ten; and what activation, initial weights and clipping do to it.",
        (("ten layers of sigmoids", "training=ten_sigmoid_layers"),),
    ),
    Lesson(
        "initial-weights",
        "All weights 0",
        "Units that begin alike stay alike for ever.",
        (("units that stay alike", "training=zeros"),),
    ),
    Lesson(
        "not-a-number",
        "Not a number",
        "A loss that becomes NaN has a step, a layer and a cause, and several cures.",
        (("two steps to infinity", "training=loss_becomes_nan"),),
    ),
    Lesson(
        "networks",
        "Networks that learn",
        "Losses, layers, epochs; too little capacity, and too much of it.",
        (("a boundary that bends", "training=spirals"),),
    ),
    Lesson(
        "which",
        "Which optimizer?",
        "SGD where it is convex, Adam where it is not? What a fair comparison says.",
        (("convex", "story=convex_ground"), ("not convex", "story=many_valleys")),
    ),
)
"""In their order."""


def lessons_html() -> str:
    """The places, as items of a list."""
    return "".join(map(_item, LESSONS))


def _item(lesson: Lesson) -> str:
    tries = ", ".join(
        f'<a href="#{html.escape(hash_, quote=True)}">{html.escape(words)}</a>' for words, hash_ in lesson.tries
    )
    shown = f" Try: {tries}." if tries else " To be tried in the app."
    return (
        f'<li id="lesson-{lesson.name}"><strong>{html.escape(lesson.title)}.</strong> '
        f"{html.escape(lesson.about)}{shown}</li>"
    )
