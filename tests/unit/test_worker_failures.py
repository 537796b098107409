"""What a worker reports of a job that failed: whether it will be tried again."""

from __future__ import annotations

import pytest
from ray.exceptions import RayError

from actors.worker import failure_of
from realm.errors import ClusterError, DiskFullError, NotFoundError


@pytest.mark.parametrize(
    ("error", "kind", "retried"),
    [
        (ClusterError("No answer within 60 s."), "transport", True),
        (RayError("the object is lost\nat 0x1"), "transport", True),
        (DiskFullError("5 bytes free."), "inference", True),
        (ValueError("nan"), "inference", True),
        (NotFoundError("There is no skill 'nib'."), "bad_payload", False),
    ],
)
def test_only_what_a_job_asked_for_is_not_tried_again(error: Exception, kind: str, retried: bool) -> None:
    found, message = failure_of(error)
    assert (found.value, found.retried) == (kind, retried)
    assert str(error).splitlines()[0] in message
    assert "\n" not in message
