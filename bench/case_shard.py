"""What an engine does of `bench.case_job`: the variants of one case as a shard, and what becomes of one that is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.case_job import Job, run_job
from bench.engine.base import GIVEN_UP


def shard_of(job: Job) -> tuple[Job, ...]:
    """The job as jobs of one variant each, which go to one worker together, and one by one if that worker dies."""
    return tuple(replace(job, variants=(variant,)) for variant in job.variants)


def run_shard(shard: tuple[Job, ...]) -> list[dict[str, Any]]:
    """A journal entry for each, as `run_job`."""
    return run_job(replace(shard[0], variants=tuple(variant for job in shard for variant in job.variants)))


def give_up(job: Job, why: str) -> dict[str, Any]:
    """The journal entry of a job of one variant over which workers died."""
    (variant,) = job.variants
    variant.target.unlink(missing_ok=True)
    return {
        "case": variant.target.stem, "recipe": variant.recipe, "status": "not_generated", "detail": why, "sha256": None,
        "pictures": None, "sound": None, "seconds": 0.0,
    }  # fmt: skip


def was_given_up(entry: dict[str, Any] | None) -> bool:
    """Whether a journal entry is one of `give_up`."""
    return entry is not None and entry["detail"] == GIVEN_UP
