"""The pages of the center in their order: a new one is a line here, a file beside this one and a .ui file."""

from .commissioningPage import CommissioningPage

CENTER_PAGES = (
    CommissioningPage,
)
