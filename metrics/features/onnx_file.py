"""Networks in ONNX files, run by ONNX Runtime: no code in the file, and no framework beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.features.weights import WeightsError


def open_session(path: Path, device: str) -> Any:
    """ONNX Runtime's session of a file.

    Raises:
        WeightsError: the file is missing or no ONNX file.
        ValueError: the device is not ``cpu`` or ``cuda`` (with or without a number), or the runtime cannot use it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # As many threads as torch's networks here: one worker a core.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    providers = _providers(device)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors have no common base class of their own.
        raise WeightsError(f"{path}: cannot be loaded as an ONNX network: {_first_line(error)}") from error


class OnnxNetwork:
    """One input of pictures ``(B, 3, size, size)`` float32, one output ``(B, outputs)`` float32.

    Raises:
        WeightsError: the file is missing or no ONNX file, or its input or output has another shape.
        ValueError: the device is not ``cpu`` or ``cuda`` (with or without a number).
    """

    def __init__(self, path: Path, size: int, outputs: int, device: str = "cpu") -> None:
        self.session = open_session(path, device)
        self.input, self.output = (self._only(path, kind) for kind in ("input", "output"))
        self._check(path, "input", self.input.shape, (3, size, size))
        self._check(path, "output", self.output.shape, (outputs,))

    def __call__(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(B, 3, size, size)`` -> ``(B, outputs)``."""
        count = self.input.shape[0]
        # Some published files are exported for one picture at a time.
        step = count if isinstance(count, int) else max(1, len(pictures))
        parts = [pictures[start : start + step] for start in range(0, len(pictures), step)]
        rows = [self.session.run([self.output.name], {self.input.name: part})[0] for part in parts]
        return np.concatenate(rows) if rows else np.empty((0, self.output.shape[-1]), np.float32)

    def _only(self, path: Path, kind: str) -> Any:
        found = self.session.get_inputs() if kind == "input" else self.session.get_outputs()
        if len(found) != 1:
            raise WeightsError(f"{path}: expected a network of one {kind}, found {', '.join(f.name for f in found)}")
        return found[0]

    @staticmethod
    def _check(path: Path, kind: str, shape: list[Any], expected: tuple[int, ...]) -> None:
        # A name in place of a number is a size that is free. More than one picture at a time would have to be filled up; no
        # published file asks for it.
        fits = len(shape) == 1 + len(expected) and all(
            not isinstance(size, int) or size == wanted for size, wanted in zip(shape, (1, *expected), strict=True)
        )
        if not fits:
            raise WeightsError(f"{path}: another network: its {kind} is {shape}, expected {['batch', *expected]}")


def _providers(device: str) -> list[Any]:
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return ["CPUExecutionProvider"]
    if kind != "cuda":
        raise ValueError(f"expected the device cpu or cuda, found {device!r}")
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ValueError(f"the device {device!r} needs the package onnxruntime-gpu; the one here runs on a CPU only")
    return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]


def _first_line(error: Exception) -> str:
    # Without the runtime's own numbering and the path, which is said already.
    text = str(error).strip().rpartition(" failed:")[2].strip()
    return text.splitlines()[0] if text else type(error).__name__
