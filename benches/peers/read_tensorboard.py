"""Reads event files of `modeseek tensorboard` with TensorBoard's own reader and holds them against metrics.csv.

    pip install tensorboard
    modeseek tensorboard ID --out tensorboard
    python benches/peers/read_tensorboard.py runs/ID/metrics.csv tensorboard/ID
"""

import csv
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def single(value: float) -> float:
    """The value in single precision, as events keep it."""
    return struct.unpack("f", struct.pack("f", value))[0]


metrics, folder = Path(sys.argv[1]), Path(sys.argv[2])
wanted = sorted(
    (row["metric"], int(row["step"]), single(float(row["value"])))
    for row in csv.DictReader(metrics.open())
)
found = []
for run in folder.iterdir():
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    found += [(tag, e.step, e.value) for tag in events.Tags()["scalars"] for e in events.Scalars(tag)]
assert sorted(found) == wanted, f"{len(found)} events are not the {len(wanted)} rows of {metrics}"
print(f"{len(found)} events in {len(list(folder.iterdir()))} runs are the rows of {metrics}")
