"""When somebody speaks: Silero VAD (MIT), the network that THEval takes to tell speech from silence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.base import FloatArray, Status, Unscorable
from metrics.features.onnx_file import open_session
from metrics.features.weights import WeightsError

RATE = 16000
WINDOW, CONTEXT, STATE = 512, 64, (2, 1, 128)
"""Samples that the network looks at and of the window before them; its memory."""
_INPUTS, _OUTPUTS = ["input", "state", "sr"], ["output", "stateN"]

PROTOCOL: Mapping[str, Any] = {
    "network": "Silero VAD 5.1.2, silero_vad.onnx",
    "sound": "16 kHz mono, windows of 512 samples in their order, the last one filled up with zeros",
}


class VoiceActivity:
    """Probability of speech of each 32 ms of a sound.

    Args:
        assets: the file of ``silero_vad``.

    Raises:
        WeightsError: the file cannot be read, or is another network.
    """

    name = "speech"
    assets: tuple[str, ...] = ("silero_vad",)
    protocol = PROTOCOL

    def __init__(self, assets: Mapping[str, Path]) -> None:
        path = assets[self.assets[0]]
        # One window waits for the one before it: there is nothing for a GPU to do.
        self.session = open_session(path, "cpu")
        names = [value.name for value in (*self.session.get_inputs(), *self.session.get_outputs())]
        if names != (expected := [*_INPUTS, *_OUTPUTS]):
            raise WeightsError(f"{path}: another network: inputs and outputs {names}, expected {expected}")

    def probabilities(self, audio: NDArray[np.floating]) -> FloatArray:
        """``(S,)`` mono at 16 kHz in -1..1 -> ``(ceil(S / 512), 1)`` float32 in 0..1.

        Raises:
            Unscorable: ``no_audio`` without samples, ``undefined`` where they are not finite.
        """
        if len(audio) == 0:
            raise Unscorable(Status.NO_AUDIO, "the sound is empty")
        if not np.all(np.isfinite(audio)):
            raise Unscorable(Status.UNDEFINED, "the sound holds samples that are not numbers")
        padded = np.pad(audio.astype(np.float32), (CONTEXT, -len(audio) % WINDOW))
        state, rows = np.zeros(STATE, np.float32), []
        for start in range(0, len(padded) - CONTEXT, WINDOW):
            window = padded[None, start : start + CONTEXT + WINDOW]
            fed = {"input": window, "state": state, "sr": np.array(RATE, np.int64)}
            found, state = self.session.run(_OUTPUTS, fed)
            rows.append(found[0])
        return np.array(rows, dtype=np.float32)
