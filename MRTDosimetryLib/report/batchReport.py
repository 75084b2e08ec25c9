"""What became of many studies: a table as summary.csv and summary.html."""

import csv
import html
import os

CSV, HTML = "summary.csv", "summary.html"
_COLUMNS = (("study", "study"), ("state", "state"), ("regions", "regions"), ("warnings", "warnings"),
            ("seconds", "time (s)"), ("words", "words"), ("folder", "folder"))
_STYLE = ("body{font:14px/1.45 system-ui,sans-serif;margin:2em;color:#1f2933}h1{font-size:1.5em}"
          "table{border-collapse:collapse}td,th{border-bottom:1px solid #dfe4e8;padding:.35em .8em;text-align:left;"
          "vertical-align:top}th{color:#5f6b76;border-bottom-color:#9aa5b1;white-space:nowrap}a{color:#0b4f6c}"
          "td:first-child,td.words{overflow-wrap:anywhere}td.number,th.number{text-align:right;white-space:nowrap}"
          "tr.failed td{background:#fdecea}td.words{white-space:pre-line}")


def write(rows, count, folder):
    """Write both files; each is complete or as it was.

    Parameters
    ----------
    rows : list of dict
        ``study``, ``state``, ``regions``, ``warnings``, ``seconds``, ``words``, ``folder``.
    count : int
        Number of studies of the batch, those included that are not finished yet.
    """
    _replace(os.path.join(folder, CSV), lambda file: _writeCSV(rows, file))
    _replace(os.path.join(folder, HTML), lambda file: file.write(page(rows, count, folder)))


def summaryWords(rows, count):
    """One sentence on how many were run, skipped, failed and are left."""
    states = [row["state"] for row in rows]
    words = f"{count} studies: {states.count('done')} done, {states.count('skipped')} skipped (finished before), " \
            f"{states.count('failed')} failed"
    return f"{words}, {count - len(rows)} not finished." if len(rows) < count else f"{words}."


def page(rows, count, folder):
    """The table as HTML; each study that has a report links to it."""
    lines = [f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
             '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Batch of studies</title>'
             f"<style>{_STYLE}</style></head><body><h1>Batch of studies</h1>",
             f"<p>{html.escape(summaryWords(rows, count))} Research use; the treating physician decides.</p>",
             "<table><tr>"]
    shown = [(key, "message" if key == "words" else title) for key, title in _COLUMNS if key != "folder"]
    lines += [f"<th{_class(key)}>{title[:1].upper()}{title[1:]}</th>" for key, title in shown]
    lines.append("</tr>")
    for row in rows:
        cells = "".join(f"<td{_class(key)}>{_cell(row, key, folder)}</td>" for key, _title in shown)
        lines.append(f'<tr class="{row["state"]}">{cells}</tr>')
    return "\n".join([*lines, "</table></body></html>", ""])


def _class(key):
    kind = "number" if key in ("regions", "warnings", "seconds") else "words" if key == "words" else ""
    return f' class="{kind}"' if kind else ""


def _cell(row, key, folder):
    value = row[key]
    if key == "study" and row["state"] != "failed":
        place = os.path.relpath(os.path.join(row["folder"], "report.html"), folder).replace(os.sep, "/")
        return f'<a href="{html.escape(place, quote=True)}">{html.escape(value)}</a>'
    return html.escape(_text(key, value))


def _text(key, value):
    return "" if value is None else f"{value:.1f}" if key == "seconds" else str(value)


def _writeCSV(rows, file):
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([title for _key, title in _COLUMNS])
    writer.writerows([_text(key, row[key]) for key, _title in _COLUMNS] for row in rows)


def _replace(path, write):
    partial = f"{path}.partial"
    with open(partial, "w", encoding="utf-8", newline="") as file:
        write(file)
    os.replace(partial, path)
