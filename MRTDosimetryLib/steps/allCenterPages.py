"""The pages of the center in their order: a new one is a line here, a file beside this one and a .ui file."""

from .calibrationPage import CalibrationPage
from .commissioningPage import CommissioningPage
from .plannerPage import PlannerPage

CENTER_PAGES = (
    CalibrationPage,
    PlannerPage,
    CommissioningPage,
)
