"""Exports as jobs: a vendor whose jobs take their time, fail, or never end."""

from pathlib import Path

import httpx
import pytest

from connectors.errors import Unreachable
from connectors.habits import Habits
from connectors.jobs import JobWords, done_job
from tests.test_http import FakeClock, Vendor, http, ok

WORDS = JobWords(
    state="status",
    done=("Completed",),
    failed=("Failed", "Terminated"),
    failed_for_now=("FailedRetryable", "TimedOut"),
    problem="error.message",
)
SIGNED = "https://bucket.amazonaws.com/part-0?signature=abc"


class PostHog:
    """Batch exports: the states of each job one after the other, and its file in a bucket."""

    def __init__(self, *jobs: list[str]) -> None:
        self._jobs = list(jobs)
        self.started = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "bucket.amazonaws.com":
            return httpx.Response(200, stream=httpx.ByteStream(b"rows"))
        if request.method == "POST":
            self.started += 1
            return httpx.Response(202, json={"id": f"job-{self.started}"})
        number = int(request.url.path.rpartition("job-")[2].partition("/")[0])
        if "/download/" in request.url.path:
            return httpx.Response(302, headers={"location": SIGNED})
        states = self._jobs[number - 1]
        state = states.pop(0) if len(states) > 1 else states[0]
        return ok({"status": state, "files": ["0"], "error": {"message": f"was {state}"}})


def read(vendor: PostHog, clock: FakeClock, folder: Path) -> bytes:
    api = http(Vendor(vendor), clock, habits=Habits(file_hosts=(".amazonaws.com",)))
    job = done_job(api, lambda: f"/exports/{api.post('/exports', {'model': 'events'})['id']}", WORDS)
    for part in job.answer["files"]:
        api.stream_to_file(f"{job.address}/download/{part}", None, folder / "part")
    return (folder / "part").read_bytes()


def test_a_job_is_waited_for_and_its_file_downloaded(tmp_path: Path) -> None:
    clock = FakeClock()
    assert read(PostHog(["Starting", "Running", "Running", "Completed"]), clock, tmp_path) == b"rows"
    assert clock.slept == [1, 1.5, 2.25]


def test_a_job_that_failed_for_now_is_started_again(tmp_path: Path) -> None:
    vendor = PostHog(["Running", "FailedRetryable"], ["TimedOut"], ["Running", "Completed"])
    assert read(vendor, FakeClock(), tmp_path) == b"rows"
    assert vendor.started == 3


@pytest.mark.parametrize(
    ("jobs", "started", "told"),
    [
        ([["Running", "Failed"]], 1, "job is Failed"),
        ([["FailedRetryable"]] * 9, 3, "job is FailedRetryable"),
        ([["Running"]], 1, "job is Running after"),
        ([["Unheard"]], 1, "job is Unheard after"),
    ],
)
def test_a_job_that_fails_or_never_ends_is_an_error(
    tmp_path: Path, jobs: list[list[str]], started: int, told: str
) -> None:
    vendor, clock = PostHog(*jobs), FakeClock()
    with pytest.raises(Unreachable, match=told) as caught:
        read(vendor, clock, tmp_path)
    assert vendor.started == started
    assert sum(clock.slept) < 1900
    assert "after" in told or caught.value.vendor_message == f"was {jobs[0][-1]}"
