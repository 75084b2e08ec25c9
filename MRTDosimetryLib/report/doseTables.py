"""Further tables of the absorbed dose: isodose volumes, absorbed-dose rates at the scans, parts by particle."""

from .numbers import compact, signedPercent, significant
from .tables import NOT_COMPUTED, Cell, Column, Table

_NONE = "\N{EN DASH}"


def isodoses(results):
    """Volume inside each isodose surface, one column for each level; None where there are none."""
    rows = results.get("isodoses") or []
    if not rows:
        return None
    table = Table([Column("Isodose", isNumber=False)] + [
        Column(f"{compact(row['levelGy'])} Gy") for row in rows])
    table.rows.append([Cell("Volume inside, mL"), *(Cell(significant(row["volumeML"])) for row in rows)])
    return table


def rates(results):
    """Absorbed-dose rate of each region at each scan, and the absorbed dose that they integrate to; or None."""
    shown = [region for region in results["regions"] if region.get("absorbedDoseRate")]
    if not shown:
        return None
    times = [point["timeHours"] for point in shown[0]["timeActivity"]]
    table = Table([Column("Region", isNumber=False), *(Column(f"{compact(time)} h", "mGy/h") for time in times),
                   Column("Integral", "Gy"), Column("Against absorbed dose")])
    for region in shown:
        content = region["absorbedDoseRate"]
        integral, difference = content["absorbedDoseFromRatesGy"], content.get("differencePercent")
        table.rows.append([
            Cell(region["name"]), *(Cell(significant(value)) for value in content["ratesMGyPerHour"]),
            Cell(NOT_COMPUTED, isMissing=True) if integral is None else Cell(significant(integral)),
            Cell(_NONE if difference is None else signedPercent(difference))])
    return table


def particles(results):
    """Absorbed dose by particle, and weighted by a stated RBE, of nuclides with alpha particles; or None."""
    shown = [region for region in results["regions"] if region.get("particles")]
    if not shown:
        return None
    weighted = next((region["rbeWeightedAbsorbedDose"] for region in shown if region.get("rbeWeightedAbsorbedDose")),
                    None)
    columns = [Column("Region", isNumber=False), Column("Alpha particles and recoil", "Gy"), Column("Electrons", "Gy"),
               Column("Photons", "Gy")]
    if weighted:
        columns.append(Column(weighted["title"]))
    table = Table(columns)
    for region in shown:
        parts = region["particles"]
        photon = parts["photonGy"]
        row = [Cell(region["name"]), Cell(significant(parts["alphaGy"])), Cell(significant(parts["electronGy"])),
               Cell(NOT_COMPUTED, isMissing=True) if photon is None else Cell(significant(photon))]
        if weighted:
            row.append(Cell(significant(region["rbeWeightedAbsorbedDose"]["valueGy"])))
        table.rows.append(row)
    return table
