"""Tables of the registry, their version, and how an older one is brought up to date."""

import functools
from types import SimpleNamespace

from .fields import CASE_FIELDS, INTEGER, NUMBER, REGION_FIELDS, SIGNATURE_FIELDS, THERAPY_FIELDS

SCHEMA_VERSION = 1
KIND = "MRTDosimetry cohort registry"
# version -> function(connection) that makes the next one of it, in the same transaction as its new number
MIGRATIONS = {}


@functools.cache
def tables():
    """The tables, made once: ``metadata``, ``info``, ``case``, ``signature``, ``region``, ``therapy``, ``history``."""
    from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

    metadata = MetaData()
    info = Table("registryInfo", metadata, Column("key", String(40), primary_key=True),
                 Column("value", Text, nullable=False))
    case = Table("registryCase", metadata, Column("id", Integer, primary_key=True), *map(_column, CASE_FIELDS),
                 Column("contentDigest", String(32), nullable=False), Column("revision", Integer, nullable=False),
                 # a case is there once, however often and by whomever it is written
                 UniqueConstraint("centerId", "pseudonym", "treatment", "radionuclide", "cycle",
                                  name="registryCaseIdentity"),
                 UniqueConstraint("resultsDigest", name="registryCaseResults"),
                 Index("registryCaseSelection", "radionuclide", "treatment"))

    def ofCase(name, fields):
        return Table(name, metadata,
                     Column("caseId", Integer, ForeignKey("registryCase.id", ondelete="CASCADE"), primary_key=True),
                     Column("position", Integer, primary_key=True), *map(_column, fields))

    signature = ofCase("registrySignature", SIGNATURE_FIELDS)
    region = ofCase("registryRegion", REGION_FIELDS)
    therapy = ofCase("registryTherapyValue", THERAPY_FIELDS)
    Index("registryRegionTissue", region.c.tissue, region.c.caseId)
    Index("registryTherapyValueName", therapy.c.name, therapy.c.caseId)
    history = Table("registryHistory", metadata, Column("id", Integer, primary_key=True),
                    Column("centerId", String(64), nullable=False), Column("pseudonym", String(64), nullable=False),
                    Column("revision", Integer, nullable=False), Column("replacedTime", String(40), nullable=False),
                    Column("content", Text, nullable=False),
                    Index("registryHistoryPatient", "centerId", "pseudonym"))
    return SimpleNamespace(metadata=metadata, info=info, case=case, signature=signature, region=region,
                           therapy=therapy, history=history)


def migrate(connection, version):
    """Bring a registry of ``version`` up to date, inside the transaction of ``connection``."""
    for number in range(version, SCHEMA_VERSION):
        MIGRATIONS[number](connection)


def _column(field):
    from sqlalchemy import Column, Double, Integer, Text

    kind = {NUMBER: Double, INTEGER: Integer}.get(field.kind, Text)
    return Column(field.name, kind, nullable=not field.isRequired)
