"""Whether the radioactive progeny of a nuclide count, in the words of a user and for every absorbed-dose engine."""

from ..errors import InputError

# A descendant that lives longer than this moves with blood and tissue before it decays: worth its own words.
_LONG_LIVED_HOURS = 0.5


def progenyChoice(nuclide, options):
    """The stated treatment of progeny: ``"excluded"`` or ``"inPlace"``.

    Parameters
    ----------
    nuclide : Nuclide
    options : dict or None
        Options of an engine; its key ``progeny`` is read.

    Raises
    ------
    InputError
        When the progeny of the nuclide matter and nothing is stated, or something else than the two choices.
    """
    choice = (options or {}).get("progeny")
    if choice is None:
        if nuclide.progeny:
            raise InputError(f"The radioactive progeny of {nuclide.name} ({nuclide.progeny}) carry energy, and it is "
                             "not stated whether they count", "absorbed dose",
                             "State progeny 'excluded' for the parent alone, or 'inPlace' for progeny that decay where "
                             "the parent decayed")
        return "excluded"
    nuclide.members(choice)
    return choice


def progenyMembers(nuclide, options):
    """The nuclides an engine sums over, and what the reader of its result has to know about them.

    Parameters
    ----------
    nuclide : Nuclide
    options : dict or None
        See :func:`progenyChoice`.

    Returns
    -------
    members : tuple of (Nuclide, float)
        See :meth:`~.nuclides.Nuclide.members`.
    notes : list of str
        Empty for a nuclide without progeny that matter.

    Raises
    ------
    InputError
        As :func:`progenyChoice`.
    """
    choice = progenyChoice(nuclide, options)
    return nuclide.members(choice), progenyNotes(nuclide, choice)


def progenyNotes(nuclide, choice):
    """Sentences that say what was summed, and on which assumption."""
    if not nuclide.progeny:
        return []
    if choice == "excluded":
        return [f"The parent {nuclide.name} alone: the energy of its progeny ({nuclide.progeny}) is NOT included."]
    members = nuclide.members(choice)[1:]
    decays = ", ".join(f"{member.name} {share:.4g}" for member, share in members)
    notes = [f"Progeny of {nuclide.name} in place: every one decays where its parent decayed (decays per decay of "
             f"{nuclide.name}: {decays}). That is an assumption: recoil and metabolism may carry progeny elsewhere."]
    longLived = [member for member, _ in members if member.halfLifeHours > _LONG_LIVED_HOURS]
    if longLived:
        words = ", ".join(f"{member.name} ({_halfLifeWords(member.halfLifeHours)})" for member in longLived)
        notes.append(f"Among them {words} {'lives' if len(longLived) == 1 else 'live'} long enough to leave the place "
                     "of the parent before decaying; the absorbed dose there is then lower.")
    for source, share in nuclide.members(choice):
        notes += [f"{name} ({share * fraction:.3g} per decay of {nuclide.name}) lives longer than a year and is left "
                  "out." for name, fraction in source.endsIn]
    return notes


def _halfLifeWords(hours):
    return f"half-life {hours / 24:.4g} d" if hours >= 48 else f"half-life {hours:.3g} h"
