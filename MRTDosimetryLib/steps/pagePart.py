"""What the parts of a page have in common: a page that has several subjects gives each a file of its own."""


class PagePart:
    """One subject of a page, with the page's widgets.

    Parameters
    ----------
    page : Step
    """

    def __init__(self, page):
        self.page = page

    @property
    def ui(self):
        return self.page.ui

    @property
    def study(self):
        return self.page.study

    def connectWidgets(self):
        """Connect signals and fill lists that never change."""
