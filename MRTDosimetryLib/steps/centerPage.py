"""What the pages of the center have in common: they are about no study, and leave studies alone."""

from .page import Page


class CenterPage(Page):
    """One page of the panel of the center.

    Subclasses are made as those of :class:`.page.Page`; the root of their .ui file is a ``qMRMLWidget``. What a page
    keeps is a setting of the application or a file of the center, never in the scene.
    """

    def primaryText(self):
        """Words on the primary button."""
        raise NotImplementedError

    def onPrimary(self):
        """The primary button was pressed."""
        raise NotImplementedError

    def blockers(self):
        """What has to be given before the primary button can be pressed: sentences."""
        return []

    def remarks(self):
        """What there is to say of what the page shows: ``(kind, text)``, see :class:`.messages.Message`."""
        return []

    def run(self, title, function):
        """Call ``function(progress)`` with a progress window and Cancel; returns whether it came to its end."""
        return self.frame.run(title, function)
