"""What the checklist of the report asks for, and where in the wizard each item is stated."""

from . import outputs, reporting


def sections(study):
    """The checklist as it is now, for a page that fills it.

    Parameters
    ----------
    study : Study
        With results.

    Returns
    -------
    list of dict
        ``letter``, ``title`` (with its letter), ``recorded`` and ``count`` (numbers of items), ``missing`` (list of
        ``title``, ``field``: name in :data:`.reporting.FIELDS` or an empty text, ``page``: of the wizard),
        ``fields`` (list of Field) and ``known`` (name of a field -> what is recorded without it, with its origin).
    """
    found, taken = [], set()
    for section in outputs.checklistSections(study):
        items, fields, known = section["items"], [], {}
        for item in items:
            # a field belongs to the first item that names it
            own = [name for name in item["fields"] if name not in taken]
            taken |= set(own)
            fields += [reporting.field(name) for name in own]
            if item["value"] is not None:
                known |= {name: f"{item['value']} ({item['source']})" for name in own}
        missing = [{"title": item["title"], "page": item["page"], "field": next(iter(item["fields"]), "")}
                   for item in items if item["value"] is None]
        found.append({"letter": section["letter"], "title": f"{section['letter']}. {section['title']}",
                      "recorded": len(items) - len(missing), "count": len(items), "missing": missing,
                      "fields": fields, "known": known})
    return found
