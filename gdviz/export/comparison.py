"""The report of a comparison: one HTML file with everything in it, to be kept, printed or sent."""

import html
from collections.abc import Sequence

from gdviz.charts import comparing as charts
from gdviz.charts.figure import Figure
from gdviz.comparing.record import Record
from gdviz.comparing.words import difference, spread, value
from gdviz.export.pictures import to_svg
from gdviz.training import keras_script

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem } table { border-collapse: collapse; font-size: 14px }
th, td { padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top }
th { border-bottom: 1px solid #888 } td { border-bottom: 1px solid #ddd }
.finding { font-size: 20px } figure { margin: 1.5rem 0; overflow-x: auto } figcaption { font-size: 14px }
pre { font-size: 12px; overflow-x: auto; background: #f4f4f4; padding: 1rem } .wide { overflow-x: auto }
"""


def comparison_html(record: Record) -> str:
    """The findings with charts, tables, the winner's Keras code, all settings, and the versions of packages."""
    problem = record.comparison.problem
    figures = [charts.expected_best(record), charts.sensitivity(record)]
    figures += [charts.repeats(record)] if record.judged else []
    winner = record.winner()
    parts = [
        f"<h1>Which optimizer for {html.escape(problem.data.label)}?</h1>",
        f'<p class="finding">{html.escape(record.sentence)}</p>',
        *(_figure(figure) for figure in figures),
        "<h2>Entrants</h2>",
        _table(*entrant_table(record)),
        "<h2>Differences</h2>" if record.judged else "",
        _table(*difference_table(record)) if record.judged else "",
        f"<h2>Settings</h2>{_table(('Field', 'Value'), settings_of(record))}",
        f"<h2>Versions</h2>{_table(('What', 'Version'), [list(pair) for pair in record.version.items()])}",
    ]
    if winner is not None:
        parts.append(f"<h2>The best, in Keras</h2><pre>{html.escape(keras_script(winner))}</pre>")
    body = "\n".join(parts)
    title = f"gdviz: optimizers on {html.escape(problem.data.label)}"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def entrant_table(record: Record) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and rows of the table of entrants, best first."""
    head = [
        "Optimizer",
        "Test score",
        "95 % interval",
        "Validation",
        "Best learning rate",
        "Usable decades",
        "Diverged",
    ]
    if record.comparison.target is not None:
        head.append("To the target")
    rows = []
    order = [*record.ranking, *(name for name in record.names if name not in record.ranking)]
    for name in order:
        summary, best, window = record.summary(name), record.chosen(name), record.window(name)
        mark = " (best)" if name in record.best and len(record.judged) > 1 else ""
        row = [
            record.comparison.labels[name] + mark,
            spread(record, summary.mean, summary.deviation) if summary else "–",
            f"{value(record, summary.low)} to {value(record, summary.high)}" if summary else "–",
            value(record, best.score) if best else "–",
            ", ".join(f"{number:.3g}" for number in best.values.values()) if best else "–",
            f"{'≥ ' if window.open_low or window.open_high else ''}{window.decades:.1f}" if window else "–",
            f"{100 * record.diverged(name):.0f} %",
        ]
        if record.comparison.target is not None:
            reached = record.to_target(name)
            row.append("–" if reached is None else f"{reached[0]} epochs, {reached[1]} steps, {reached[2]:.2g} s")
        rows.append(row)
    return tuple(head), rows


def difference_table(record: Record) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and rows of the table of differences from the best."""
    head = ("Best", "Other", "Difference", "95 % interval, for all pairs at once", "p, corrected", "Told apart")
    rows = []
    labels, first = record.comparison.labels, record.ranking[0]
    for name in record.ranking[1:]:
        pair = record.difference(first, name)
        assert pair is not None
        factor = 100.0 if "points" in difference(record, 1.0) else 1.0
        interval = f"{factor * pair.low:.2g} to {factor * pair.high:.2g}"
        apart = "yes" if pair.told_apart else "no"
        rows.append([labels[first], labels[name], difference(record, pair.mean), interval, f"{pair.p:.2g}", apart])
    return head, rows


def settings_of(record: Record) -> list[list[str]]:
    """All fields of the comparison, by name."""

    return [[name, text] for name, texts in record.comparison.to_link().items() for text in texts]


def _figure(figure: Figure) -> str:
    title, words = html.escape(figure.title), html.escape(figure.description)
    return f"<figure>{to_svg(figure)}<figcaption><strong>{title}.</strong> {words}</figcaption></figure>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    heads = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
