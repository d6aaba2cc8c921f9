"""The same seed gives the same bytes, in whatever process, whoever is asked first, and the same truth."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Every stream of every vendor, a day of events of those who export them, and the truth; a line a digest.
PRINT_DIGESTS = """
import hashlib, json, sys
from datetime import UTC, date, datetime
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.truth import truth
from sandbox.vendors import VENDORS, part

now, digests = datetime(2026, 11, 16, 1, tzinfo=UTC), {}
company = Company.create("small")
data = CompanyData(company)
for vendor in VENDORS if sys.argv[1] == "forwards" else reversed(VENDORS):
    for name, stream in part(vendor, "streams").STREAMS.items():
        shown = [[each.id, str(each.updated_at), each.archived, each.body] for each in data.records(vendor, name, now)]
        files = []
        if stream.stretch is not None:
            start = datetime(2026, 11, 12, 9 if stream.stretch == "hour" else 0, tzinfo=UTC)
            files = [file.decode() for file in data.events(vendor, start, now)]
        digests[f"{vendor} {name}"] = len(shown) + len(files), json.dumps([shown, files])
digests["truth"] = 1, json.dumps(truth(company, date(2026, 11, 16), now), default=str)
for name, (count, text) in sorted(digests.items()):
    print(name, bool(count), hashlib.sha256(text.encode()).hexdigest())
"""


def printed(order: str, hash_seed: str) -> list[str]:
    """What a process of its own makes of the company; it names every stream, whether it has records, and a digest."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PRINT_DIGESTS, order]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.fail(done.stderr[-2000:])
    return done.stdout.splitlines()


def test_every_process_makes_the_same_company() -> None:
    one, other = printed("forwards", "1"), printed("backwards", "2")
    assert one == other
    served = [line for line in one if " True " in line]
    assert len(served) > 50
