"""Why a term matters, as the notes of an expectation say it; for proposed and ready-made suites alike."""

UNIQUE_IDS = "An id that two rows share identifies neither."
COVERAGE = "A model cannot learn, and an evaluation cannot measure, a class that a split does not have."
LEAKAGE = "A model that trained on a sample can remember it, so that its evaluation is too good."
TARGET_GAP = "A model cannot learn a range of targets that has no sample."
