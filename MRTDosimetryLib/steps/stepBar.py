"""The step bar: one button per step, its icon the state, its tooltip the name and what is missing."""

import qt
from slicer.i18n import tr as _

from ..workflow import spokenKeys
from . import icons


class StepBar:
    """Fills a frame of the shell.

    Parameters
    ----------
    frame : QFrame
        With an empty layout.
    steps : list of Step
        In their order.
    onClicked : callable
        Gets the number of the clicked step.
    """

    def __init__(self, frame, steps, onClicked):
        self._steps = steps
        self._buttons = []
        for number, step in enumerate(steps):
            button = qt.QToolButton()
            button.text = str(number + 1)
            button.checkable = True
            button.autoRaise = True
            button.setToolButtonStyle(qt.Qt.ToolButtonTextUnderIcon)
            button.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Preferred)
            button.accessibleName = step.title()
            button.connect("clicked()", lambda number=number: onClicked(number))
            frame.layout().addWidget(button)
            self._buttons.append(button)

    def button(self, number):
        """Button of a step."""
        return self._buttons[number]

    def refresh(self, states, current, missing, isShown):
        """Show the states.

        Parameters
        ----------
        states : dict or None
            State by stage name; None without a study.
        current : int
            Number of the step in front.
        missing : callable
            Gives what a stage lacks, by its name.
        isShown : callable
            Whether the step of a number is shown to this user.
        """
        position = 0
        for number, (button, step) in enumerate(zip(self._buttons, self._steps, strict=True)):
            state = states[step.name] if states else "needsInput"
            button.setIcon(icons.icon(state))
            button.setEnabled(states is not None)
            button.setVisible(isShown(number))
            position += int(isShown(number))
            button.text = str(position)
            button.checked = states is not None and number == current
            words = _("{title}: {state}").format(title=step.title(), state=icons.stateWords(state))
            lacking = missing(step.name) if states and state == "needsInput" else []
            button.toolTip = "\n".join([words, *map(spokenKeys.spoken, lacking)])
