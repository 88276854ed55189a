"""What several tests compare with: the stored reference values, and the log density of a Gaussian, written out."""

import json
import math
from pathlib import Path

REFERENCE = json.loads((Path(__file__).parent / "reference_values.json").read_text(encoding="utf-8"))


def normal(mean, sd):
    return lambda x: -(((x - mean) / sd) ** 2) / 2 - math.log(sd) - math.log(2 * math.pi) / 2
