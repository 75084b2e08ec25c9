"""The views of every step as its layout arranges them: nothing is empty that should show something.

With the variable MRTDOSIMETRY_SCREENSHOTS the pictures are kept.
"""

import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, layoutPictures

from MRTDosimetryLib.scene import views

# Colors (in 16 steps) that a view has at the least when it shows something.
FEWEST_COLORS = {"slice": 12, "1": 12, "MRTDosimetryPlot": 4, "MRTDosimetryTable": 4}


@pytest.fixture(scope="module")
def computed():
    possible, reason = views.canRender()
    if not possible:
        pytest.skip(reason)
    with driving.Wizard() as wizard, layoutPictures.SliceViews(wizard) as sliceViews:
        wizard.shell.studies.sampleSize = os.environ.get("MRTDOSIMETRY_SAMPLE_SIZE", "small")
        wizard.ui.loadSampleButton.click()
        wizard.page("results")
        wizard.ui.computeButton.click()
        yield wizard, sliceViews


def colorsOf(image):
    """How many colors an image has, in steps of 16."""
    step = max(1, min(image.width(), image.height()) // 150)
    return len({(image.pixel(x, y) & 0xF0F0F0) for x in range(0, image.width(), step)
                for y in range(0, image.height(), step)})


@pytest.mark.parametrize("name", ["protocol", "timePoints", "registration", "regions", "kinetics", "dose", "results",
                                  "report"])
def testEveryViewOfTheLayoutShowsSomething(computed, name, tmp_path):
    folder = os.environ.get(driving.SCREENSHOT_FOLDER_VARIABLE) or str(tmp_path)
    wizard, sliceViews = computed
    page = wizard.page(name)
    sliceViews.update()
    table = page.mainTable()
    if table is not None and table.rowCount > 1:
        table.setCurrentCell(1, 0)
        page.showRow(1)
    found = layoutPictures.draw(wizard, sliceViews, os.path.join(folder, f"layout-{name}.png"))
    assert found
    few = {tag: colorsOf(image) for tag, image in found.items()
           if colorsOf(image) < FEWEST_COLORS.get(tag, FEWEST_COLORS["slice"])}
    assert not few, f"these views show nothing (colors): {few}"
