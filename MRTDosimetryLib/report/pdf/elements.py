"""The elements of an HTML page as a tree, without a browser."""

import html.parser
from dataclasses import dataclass, field

from ...errors import InputError

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Elements whose end may be left out: what begins another one of its kind ends it.
_ENDED_BY = {"li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "tr": {"tr"}, "td": {"td", "th", "tr"},
             "th": {"td", "th", "tr"}, "p": {"p", "ul", "ol", "dl", "table", "div", "section", "h1", "h2", "h3"}}
_WHERE = "report"


@dataclass
class Element:
    """One element.

    Attributes
    ----------
    tag : str
    attributes : dict
    children : list of Element or str
        In their order.
    """

    tag: str
    attributes: dict = field(default_factory=dict)
    children: list = field(default_factory=list)

    @property
    def classes(self):
        return set((self.attributes.get("class") or "").split())

    @property
    def elements(self):
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    @property
    def text(self):
        """All text inside."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, *tags):
        """Every element of these kinds (or of any) inside, in their order."""
        for child in self.elements:
            if not tags or child.tag in tags:
                yield child
            yield from child.all(*tags)


def parse(text):
    """The page as an :class:`Element` that holds everything.

    Raises
    ------
    InputError
        Elements that do not nest: what is meant cannot be told.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    left = [item.tag for item in reader.open[1:] if item.tag not in _ENDED_BY]
    if left:
        raise InputError(f"The element <{left[-1]}> is not closed", _WHERE, "Close it in the template")
    return reader.open[0]


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = [Element("page")]

    def _begin(self, tag, attributes):
        while tag in _ENDED_BY.get(self.open[-1].tag, ()):
            self.open.pop()
        element = Element(tag, dict(attributes))
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def _add(self, tag, attributes):
        self.open[-1].children.append(Element(tag, dict(attributes)))

    def _end(self, tag):
        if tag in _VOID:
            return
        while self.open[-1].tag != tag and self.open[-1].tag in _ENDED_BY:
            self.open.pop()
        if self.open[-1].tag != tag:
            line, column = self.getpos()
            raise InputError(f"</{tag}> in line {line} closes <{self.open[-1].tag}>", _WHERE,
                             "Close the elements of the template in their order")
        self.open.pop()

    def _text(self, data):
        self.open[-1].children.append(data)

    # the names that html.parser calls
    handle_starttag, handle_startendtag, handle_endtag, handle_data = _begin, _add, _end, _text
