"""The Descent page with every widget at its extremes: no exception, and the experiment that the widgets describe."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import gdviz
from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.landscapes.own import EXAMPLES
from gdviz.landscapes.rates import fitting_rates
from gdviz.sweeps.rates import searched_rate
from gdviz.ui.reference import picture

PAGE = str(Path(__file__).parents[1] / "pages" / "descent.py")


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    return run(page)


def run(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def query(page: AppTest) -> dict[str, list[str]]:
    values = {name: page.query_params[name] for name in page.query_params}
    return {name: [value] if isinstance(value, str) else list(value) for name, value in values.items()}


def described(page: AppTest) -> Experiment:
    """The experiment that the address bar describes."""
    experiment, notes = Experiment.from_link(query(page))
    assert notes == []
    return experiment


def live(page: AppTest) -> dict:
    """What the live figure is given."""
    (figure,) = [one for one in page.get("bidi_component") if one.proto.component_name.endswith("gdviz_live")]
    return json.loads(json.loads(figure.proto.json)["figure"])


def widget(elements, label: str):
    """The first of ``elements`` whose label contains ``label``."""
    return next(element for element in elements if label in element.label)


def test_it_opens_with_the_default_experiment() -> None:
    page = opened()
    assert described(page).descents() == DEFAULT.descents()
    assert [run["name"] for run in live(page)["runs"]] == [rule.label for rule in DEFAULT.optimizers]
    assert any("| Adam |" in text.value for text in page.markdown)


def test_every_landscape() -> None:
    page = opened()
    for name in gdviz.LANDSCAPES:
        widget(page.selectbox, "Landscape").select(name)
        page = run(page)
        assert described(page).landscape.name == name
        assert described(page).start == gdviz.LANDSCAPES[name].start


def test_another_landscape_brings_learning_rates_that_fit_it_but_those_that_were_chosen() -> None:
    page = opened(run=["momentum,learning_rate=0.001", "adam,learning_rate=0.0123"])
    widget(page.selectbox, "Landscape").select("beale")
    page = run(page)
    fitting = fitting_rates(gdviz.LANDSCAPES.make("beale"))
    assert [rule.learning_rate for rule in described(page).optimizers] == [fitting["momentum"], 0.0123]
    widget(page.button, "Add an optimizer").click()
    page = run(page)
    assert described(page).optimizers[2].learning_rate == fitting["adam"]
    next(box for box in page.selectbox if box.key == "1.run0").select("rmsprop")
    next(box for box in page.selectbox if box.key == "1.run1").select("rmsprop")
    page = run(page)
    assert [rule.learning_rate for rule in described(page).optimizers[:2]] == [fitting["rmsprop"], 0.0123]
    assert "not there yet" in " ".join(element.value for element in page.markdown)


def test_a_function_of_ones_own_is_read_as_people_write_it_and_shown_as_it_was_understood() -> None:
    page = opened(landscape="own_function", function="2x² + |y|", domain="-2,2,-2,2")
    assert any(r"Read as $f(x, y) = 2 x^{2} + \left|y\right|$" in text.value for text in page.sidebar.caption)
    widget(page.text_input, "f(x, y)").set_value("2x² + |y")
    page = run(page)
    assert "something is missing at its end" in page.error[0].value
    assert described(page).landscape.text == "2x² + |y|"


def test_examples_of_functions_can_be_taken() -> None:
    page = opened()
    assert widget(page.selectbox, "Landscape").options[0] == "Your function"
    widget(page.selectbox, "Landscape").select("own_function")
    page = run(page)
    for example in EXAMPLES:
        widget(page.button_group, "Examples").select(example)
        page = run(page)
        assert described(page).landscape.text == widget(page.text_input, "f(x, y)").value == example


NAMES = list(gdviz.OPTIMIZERS)


@pytest.mark.parametrize("names", [NAMES[i : i + 8] for i in range(0, len(NAMES), 8)], ids=" ".join)
@pytest.mark.parametrize("exact", [False, True])
def test_every_optimizer_with_its_hyperparameters_at_their_extremes(names: list[str], exact: bool) -> None:
    page = opened(run=names)
    if exact:
        page.toggle[0].set_value(True)
        page = run(page)
    keys = {
        f"0.run{slot}.{name}.{knob.name}" for slot, name in enumerate(names) for knob in gdviz.OPTIMIZERS[name].knobs()
    }
    for end in (0, -1):
        touched = set()
        for element in [*page.slider, *page.select_slider, *page.number_input, *page.checkbox]:
            if element.key not in keys:
                continue
            touched.add(element.key)
            if element in list(page.select_slider):
                element.set_value(float(element.options[end]))
            elif element in list(page.checkbox):
                element.set_value(end == 0)
            else:
                extreme = element.min if end == 0 else element.max
                element.set_value(element.value * 1e6 if extreme is None else extreme)
        page = run(page)
        assert len(touched) >= 2 * len(names)
        assert [optimizer.name for optimizer in described(page).optimizers] == names


@pytest.mark.parametrize("steps", [1, 2, 5000])
@pytest.mark.parametrize("scale", ["log", "linear"])
def test_steps_and_loss_axis(steps: int, scale: str) -> None:
    page = opened()
    widget(page.number_input, "Steps").set_value(steps)
    widget(page.radio, "Loss axis").set_value(scale)
    page = run(page)
    assert described(page).steps == steps
    assert live(page)["steps"] == steps
    assert live(page)["still"]["loss"]["kind"] == scale
    assert query(page)["loss_scale"] == [scale]


@pytest.mark.parametrize("start", [0.0, -1e308, 1e308])
@pytest.mark.parametrize("noise", [0.0, 1e300])
def test_start_and_noise(start: float, noise: float) -> None:
    page = opened()
    widget(page.number_input, "Start x").set_value(start)
    widget(page.number_input, "Gradient noise").set_value(noise)
    widget(page.number_input, "Seed").set_value(2**32 - 1)
    page = run(page)
    assert described(page).start is not None
    assert described(page).start[0] == start


@pytest.mark.parametrize("name", list(gdviz.SCHEDULES))
def test_every_schedule(name: str) -> None:
    page = opened()
    widget(page.selectbox, "Learning-rate schedule").select(name)
    page = run(page)
    assert described(page).schedule.name == name
    assert not any("Initial learning rate" in element.label for element in page.select_slider)


@pytest.mark.parametrize("name", list(gdviz.CLIPPERS))
def test_every_clipping(name: str) -> None:
    page = opened()
    widget(page.selectbox, "Gradient clipping").select(name)
    page = run(page)
    assert described(page).clip == gdviz.CLIPPERS[name]()


def test_stop_conditions() -> None:
    page = opened(run="gradient_descent,learning_rate=0.05", landscape="quadratic")
    widget(page.number_input, "Stop at loss").set_value(0.5)
    page = run(page)
    assert described(page).stop == gdviz.Stop(loss=0.5)
    assert any("the loss is at most 0.5" in text.value for text in page.markdown)


def test_one_to_eight_runs_added_and_removed() -> None:
    page = opened(run=["momentum", "adam"], steps="10")
    for count in range(3, 9):
        widget(page.button, "Add an optimizer").click()
        page = run(page)
        assert len(described(page).optimizers) == count
    assert widget(page.button, "Add an optimizer").disabled
    before = described(page).optimizers
    next(button for button in page.button if button.key == "0.run1.remove").click()
    page = run(page)
    assert described(page).optimizers == before[:1] + before[2:]
    for _ in range(6):
        next(button for button in page.button if button.label == "Remove").click()
        page = run(page)
    assert described(page).optimizers == before[-1:]


def test_an_optimizer_is_added_whatever_is_changed_before_the_page_has_run_again() -> None:
    page = opened(run=["momentum", "adam"], steps="10")
    widget(page.button, "Add an optimizer").click()
    widget(page.selectbox, "Landscape").select("beale")  # which builds all widgets anew
    page = run(page)
    assert [rule.name for rule in described(page).optimizers] == ["momentum", "adam", "adam"]
    assert described(page).landscape.name == "beale"
    next(button for button in page.button if button.key == "1.run1.remove").click()
    widget(page.selectbox, "Landscape").select("himmelblau")
    page = run(page)
    assert [rule.name for rule in described(page).optimizers] == ["momentum", "adam"]
    assert described(page).landscape.name == "himmelblau"


def test_what_was_dragged_before_the_figure_knew_of_a_new_run_moves_the_start_and_nothing_else() -> None:
    def script() -> None:
        import streamlit as st

        from gdviz.ui.controls import EXPERIMENT, take_over

        rate = {"learning_rate": 0.5}
        others = [rate] * 3, [rate] * 5, [{"momentum": 0.5}] * 4
        for place, values in enumerate(others, start=1):  # of runs that are gone, or of another rule
            before = EXPERIMENT.setup.optimizers
            take_over({"start": [place, 2.0], "values": values})
            assert EXPERIMENT.setup.optimizers == before
            assert EXPERIMENT.setup.start == (place, 2.0)
        st.write("done")

    page = AppTest.from_function(script, default_timeout=60)
    assert run(page).markdown[0].value == "done"


def test_a_function_of_ones_own_gets_learning_rates_found_by_search() -> None:
    rate = next(rule.learning_rate for rule in DEFAULT.optimizers if rule.name == "gradient_descent")
    page = opened(run=[f"gradient_descent,learning_rate={rate}", "momentum,learning_rate=0.0123"])
    widget(page.selectbox, "Landscape").select("own_function")
    page = run(page)
    widget(page.text_input, "f(x, y)").set_value("x² + 50y²")
    page = run(page)
    searched = searched_rate(described(page).landscape, "gradient_descent")
    assert [rule.learning_rate for rule in described(page).optimizers] == [searched, 0.0123]
    assert 0.002 < searched < 2 / 100  # the stability limit
    widget(page.button, "Add an optimizer").click()
    page = run(page)
    assert described(page).optimizers[2].learning_rate == searched_rate(described(page).landscape, "adam")
    assert any("searched for this function" in caption.value for caption in page.sidebar.caption)
    widget(page.text_input, "f(x, y)").set_value("log(-1 - x²)")  # no number anywhere
    page = run(page)
    assert any("No learning rate was searched for" in caption.value for caption in page.sidebar.caption)


def test_runs_that_would_take_too_long_are_refused_with_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDVIZ_PAGE_SECONDS", "0.001")
    page = opened(run=["lbfgs"], steps="5000")
    assert "and a page may take 0 s: choose a smaller number of steps" in page.error[0].value
    assert next(button for button in page.button if button.label == "Remove").disabled


def test_one_learning_rate_for_all() -> None:
    page = opened()
    widget(page.checkbox, "One learning rate for all").check()
    page = run(page)
    assert described(page).shared_learning_rate == 0.01
    widget(page.select_slider, "Learning rate (η)").set_value(0.0001)
    page = run(page)
    assert {descent.optimizer.learning_rate for descent in described(page).descents()} == {0.0001}


def test_a_chosen_start_is_shown_and_typed_ones_replace_it() -> None:
    page = opened(start="0.5,-0.25")
    assert widget(page.number_input, "Start x").value == 0.5
    widget(page.number_input, "Start y").set_value(1.5)
    page = run(page)
    assert described(page).start == (0.5, 1.5)


def test_reset() -> None:
    page = opened(run="adam", landscape="beale", steps="7", start="1,1")
    assert described(page).steps == 7
    widget(page.button, "Reset").click()
    page = run(page)
    assert described(page).descents() == DEFAULT.descents()
    assert widget(page.selectbox, "Landscape").value == "himmelblau"


def test_a_diverging_run_is_explained_with_a_learning_rate_that_works() -> None:
    page = opened(run="gradient_descent,learning_rate=1.0", landscape="quadratic", steps="1000")
    text = " ".join(element.value for element in page.markdown)
    assert "✕ diverged" in text
    assert "left the finite numbers" in text
    assert "Tried: with learning rate" in text
    assert "leaves the plot at step" in text
    button = next(button for button in page.button if "which stays finite" in button.label)
    rate = float(button.label.split()[-4].rstrip(","))
    button.click()
    page = run(page)
    assert [rule.learning_rate for rule in described(page).optimizers] == [rate]
    assert not any("which stays finite" in button.label for button in page.button)
    assert all(run.status != "diverged" for run in described(page).run())


def test_a_broken_link_is_noted_and_the_rest_of_it_read() -> None:
    page = opened(landscape="nowhere", run=["adam,beta_1=7", "lost"], steps="12")
    assert len(page.warning) == 3
    assert described(page).steps == 12
    assert described(page).optimizers == (gdviz.OPTIMIZERS["adam"](),)


def test_a_change_sends_little() -> None:
    page = opened(run=[f"{name},learning_rate=0.001" for name in list(gdviz.OPTIMIZERS)[:6]])
    assert len(json.dumps(live(page))) <= 150_000


def test_a_step_and_the_quantities_can_be_looked_into() -> None:
    page = opened()
    widget(page.toggle, "Look into a step").set_value(True)
    widget(page.toggle, "Quantities against the step").set_value(True)
    page = run(page)
    for chosen in range(4):
        widget(page.selectbox, "Run").set_value(chosen)
        widget(page.number_input, "Step").set_value(300)
        page = run(page)
        assert any("| position θ |" in text.value for text in page.markdown)
    for name in widget(page.selectbox, "Quantity").options:
        widget(page.selectbox, "Quantity").set_value(name)
        page = run(page)
    assert len(page.get("vega_lite_chart")) == 2


@pytest.mark.parametrize("text", ["__import__('os')", "x**", "x" * 200, "9**9**9", "f(x)", ""])
def test_a_function_that_cannot_be_read_is_explained_and_the_last_one_stays(text: str) -> None:
    page = opened(landscape="own_function", function="x**2 + y**2", domain="-2,2,-2,2")
    assert live(page)["landscape"]["label"] == "Your function"
    widget(page.text_input, "f(x, y)").set_value(text)
    page = run(page)
    assert len(page.error) == 1
    assert "x**2 + y**2" in page.error[0].value
    widget(page.text_input, "f(x, y)").set_value("sin(x) * y**2 + x**2")
    page = run(page)
    assert not page.error
    assert described(page).landscape.text == "sin(x) * y**2 + x**2"


def test_batches_of_real_data() -> None:
    page = opened(landscape="logistic_regression", run="gradient_descent,learning_rate=0.1")
    widget(page.slider, "Batch size").set_value(1)
    page = run(page)
    assert described(page).batch_size == 1


def test_the_reference_page_lists_finds_and_opens() -> None:
    page = run(AppTest.from_file(str(Path(PAGE).parents[1] / "app.py"), default_timeout=60))
    page = run(page.switch_page("pages/reference.py"))
    assert len(page.get("page_link")) == len(gdviz.OPTIMIZERS)
    page.text_input[0].set_value("nesterov")
    page = run(page)
    assert 1 <= len(page.get("page_link")) < 6
    page.query_params["entry"] = "adam"
    page = run(page)
    assert page.subheader[0].value == "Adam"
    assert page.latex


def test_the_small_figures_of_the_reference_run_along_their_paths() -> None:
    for name in (*gdviz.OPTIMIZERS, *gdviz.SCHEDULES, *gdviz.LANDSCAPES):
        drawn = picture(name, False)
        pace = [float(share) for share in re.search(r"--pace:linear\(([^)]*)\)", drawn)[1].split(",")]
        assert (pace[0], pace[-1]) == (0, 1), name
        assert pace == sorted(pace), name
        assert 50 <= float(re.search(r"--end:([0-9.]+)%", drawn)[1]) <= 100, name
        assert len(re.search(r"polygon\(([^)]*)\)", drawn)[1].split(",")) == len(pace), name


def test_a_catalogue_of_the_reference_has_a_link() -> None:
    page = AppTest.from_file(str(Path(PAGE).parent / "reference.py"), default_timeout=60)
    page.query_params["catalogue"] = "Schedules"
    said = f"{len(gdviz.SCHEDULES)} of {len(gdviz.SCHEDULES)} entries"
    assert said in [caption.value for caption in run(page).caption]


@pytest.mark.parametrize("function", ["sqrt(-1-x**2)", "x*0", "log(x)", "exp(exp(x))"])
def test_a_function_that_is_constant_or_undefined_in_places_has_a_page_too(function: str) -> None:
    page = opened(landscape="own_function", function=function, domain="-9,9,-9,9", schedule="cosine_decay")
    for toggle in page.toggle:
        toggle.set_value(True)
    run(page)
