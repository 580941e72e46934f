"""What an installation is found to be: the machine, its packages, engines and cameras, and whether it reads."""

from edgedigits.diagnosis.diagnose import Diagnosis, diagnose
from edgedigits.diagnosis.finding import Finding, Grade

__all__ = ["Diagnosis", "Finding", "Grade", "diagnose"]
