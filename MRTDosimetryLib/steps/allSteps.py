"""The pages of the wizard in their order: a new one is a line here, a file beside this one and a .ui file."""

from .doseStep import DoseStep
from .kineticsStep import KineticsStep
from .measurementsStep import MeasurementsStep
from .protocolStep import ProtocolStep
from .regionsStep import RegionsStep
from .registrationStep import RegistrationStep
from .reportStep import ReportStep
from .resultsStep import ResultsStep
from .therapyStep import TherapyStep
from .timePointsStep import TimePointsStep

STEPS = (ProtocolStep, MeasurementsStep, TimePointsStep, RegistrationStep, RegionsStep, KineticsStep, DoseStep,
         TherapyStep, ResultsStep, ReportStep)
