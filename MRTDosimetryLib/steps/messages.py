"""The messages of a page: what is wrong, what is missing, what to know; a click leads to what is meant."""

import math
from dataclasses import dataclass

import qt
from slicer.i18n import tr as _

from ..workflow import spokenKeys, stages
from . import icons

# The list does not know how it wraps its lines before it is shown: characters of a line in the narrowest panel.
_LINE_LENGTH, _LINE_HEIGHT, _ROW_MARGIN = 46, 15, 8
_FRAME, _MOST_HEIGHT = 6, 138


@dataclass(frozen=True)
class Message:
    """One line.

    Attributes
    ----------
    kind : str
        An icon's name, see :func:`.icons.icon`.
    text : str
    details : str
        Tooltip; the text itself where it is empty.
    target : str
        Name of the page that a click leads to; empty for the one in front.
    """

    kind: str
    text: str
    details: str = ""
    target: str = ""


class MessageList:
    """The list below the pages of a frame, its ``ui.messageList``."""

    def __init__(self, frame):
        self.frame = frame

    def connectWidgets(self):
        self.frame.ui.messageList.connect("itemClicked(QListWidgetItem*)", self.onClicked)

    def show(self, messages):
        """Show messages, each text once; the list is as high as it needs to be, up to three long ones."""
        listing = self.frame.ui.messageList
        listing.clear()
        shown = list({message.text: message for message in reversed(messages)}.values())[::-1]
        for message in shown:
            text = spokenKeys.spoken(message.text)
            item = qt.QListWidgetItem(icons.icon(message.kind), text)
            item.setToolTip(spokenKeys.spoken(message.details) or text)
            item.setData(qt.Qt.UserRole, message.target)
            listing.addItem(item)
        listing.setVisible(bool(shown))
        lines = [math.ceil(len(message.text) / _LINE_LENGTH) for message in shown]
        height = sum(max(count, 1) * _LINE_HEIGHT + _ROW_MARGIN for count in lines)
        listing.setFixedHeight(min(height + _FRAME, _MOST_HEIGHT))

    def onClicked(self, item):
        """Go to what a message is about."""
        self.frame.goToMessage(item.data(qt.Qt.UserRole), item.text())


class MessageArea(MessageList):
    """The messages of the study's pages."""

    @property
    def shell(self):
        return self.frame

    def refresh(self, spoken, state):
        """Show what was said last, ``(kind, text)`` pairs, and what there is to say of the page in its state."""
        shell = self.shell
        messages = [Message(kind, text) for kind, text in spoken]
        if shell.study is not None:
            messages += self._ofStep(shell.step.name, state)
        self.show(messages)

    def _ofStep(self, name, state):
        shell = self.shell
        kept = stages.message(shell.study, name) if state == "error" else ""
        found = [Message("error", line) for line in kept.splitlines()]
        found += [Message("needsInput", text, target=self._titled(text)) for text in shell.blockers(shell.step)]
        if state == "stale":
            found.append(Message("stale", _("The inputs changed since this was computed.")))
        return found + self._warnings(name)

    def _titled(self, text):
        """Name of the earlier step whose title begins a text."""
        shell = self.shell
        return next((step.name for step in shell.steps[:shell.index] if text.startswith(step.title() + ":")), "")

    def _warnings(self, name):
        """The step's own words; those it repeats from an earlier page as one line that leads there."""
        shell, found = self.shell, []
        pages = {step.name: index for index, step in enumerate(shell.steps)}
        for stageName, words in stages.warningsByStage(shell.study, name).items():
            # a stage without a page has nowhere to lead to
            index = pages.get(stageName)
            if stageName == name or len(words) == 1 or index is None or not shell.isShown(index):
                found += [Message("warning", text) for text in words]
            else:
                text = _("{title}: {count} remarks, a click shows them").format(
                    title=shell.steps[index].title(), count=len(words))
                found.append(Message("warning", text, "\n".join(words), stageName))
        return found
