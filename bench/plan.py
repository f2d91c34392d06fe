"""What to measure of every video of a run, and with which networks: opened once a process, refused one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import pair_size
from bench.errors import BenchError
from bench.store import sha256_file
from metrics.base import Status, protocol_id
from metrics.features.base import WindowNetwork
from metrics.features.registry import (
    ASSETS,
    PAIR_NETWORKS,
    SAME_NETWORK,
    SOUND_FEATURES,
    SPEECH,
    SYNC_FEATURES,
    SYNC_LEGACY,
)
from metrics.features.syncnet_protocol import PROTOCOLS

if TYPE_CHECKING:
    from metrics.features.syncnet_meter import SyncMeter
    from metrics.features.voice_activity import VoiceActivity

BATCH = 16

Refused = Mapping[str, tuple[Status, str]]
"""Feature name -> why it is not measured."""


@dataclass(frozen=True)
class Plan:
    """What to measure and how: the same for every video of a run.

    Attributes:
        fps: frame rate at which frames are looked at (by timestamps, where the file has another).
        features: feature name -> protocol id of its cache files.
        assets: asset name -> file, for the networks.
        device: torch device. batch: inputs a network forward.
        portraits: the same as `features`, for what is measured of source portraits.
        refused: features whose weights are here and cannot be used, and why.
    """

    fps: float
    features: Mapping[str, str]
    assets: Mapping[str, Path]
    device: str = "cpu"
    batch: int = BATCH
    portraits: Mapping[str, str] = field(default_factory=dict)
    refused: Refused = field(default_factory=dict)


def plan(
    names: Sequence[str], assets: Mapping[str, Path], fps: float, device: str = "cpu", batch: int = BATCH,
    portraits: Sequence[str] = (), verified: Mapping[str, str] | None = None,
) -> Plan:  # fmt: skip
    """The plan for these features. A network whose weights cannot be loaded is refused; the others are measured.

    Args:
        names: of features. assets: files of all that their networks need.
        portraits: those of `names` that source portraits are measured with too.
        verified: sha256 of those `assets` that were hashed already; the others are hashed here, each once.

    Raises:
        BenchError: there is no such device here.
    """
    from metrics.features import face_mesh, phonemes
    from metrics.features.registry import networks

    _need_device(device)
    fps = float(fps)  # 25 and 25.0 are one protocol.
    tracking = {**face_mesh.PROTOCOL, "fps": fps}
    ids = {"track": protocol_id("track", tracking)}
    stills: dict[str, str] = {}
    refused: dict[str, tuple[Status, str]] = {}
    digests = _Digests(assets, verified or {})
    if "phonemes" in names:
        ids["phonemes"] = protocol_id("phonemes", phonemes.PROTOCOL)
    if SPEECH in names and (listener := _attempt(SPEECH, partial(open_listener, assets), refused)):
        ids[SPEECH] = protocol_id(SPEECH, {**listener.protocol, "weights": digests.of(SPEECH)})
    for name in sorted(set(names) & set(networks())):
        network = _attempt(name, partial(open_network, name, assets, device), refused)
        if network is None:
            continue
        pairs = name in PAIR_NETWORKS
        faces = not pairs and network.needs_face
        common = {**network.protocol, "weights": digests.of(name), **({"sizes": pair_size.PROTOCOL} if pairs else {})}
        ids[name] = protocol_id(
            name,
            {
                **common, "per_second": network.per_second, "sampling": _sampling(network),
                **({"track": tracking} if faces else {"fps": fps}),
            },
        )  # fmt: skip
        if name in portraits:
            still = {**common, "per_second": 0, "sampling": "one picture"}
            stills[name] = protocol_id(name, {**still, **({"track": face_mesh.PROTOCOL} if faces else {})})
    ids |= _sync_ids(names, assets, device, tracking, refused, digests)
    return Plan(fps, ids, dict(assets), device, batch, stills, refused)


def _need_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # The latter where torch was built without CUDA.
        reason = str(error).splitlines()[0].partition(" at start of device string")[0]
        raise BenchError(
            f"the device {device!r} cannot be used here: {reason}. Set `device: cpu` to run without."
        ) from error


def _sampling(network: Any) -> str:
    if isinstance(network, WindowNetwork):
        return f"windows of {network.window} frames, one after the other"
    few = getattr(network, "per_video", 0)
    return f"{few} a video, evenly spaced from the first, frame floor(k n / {few})" if few else "middle"


class _Digests:
    """sha256 of assets, measured where it is not known: the file of a network may fill hundreds of megabytes."""

    def __init__(self, assets: Mapping[str, Path], known: Mapping[str, str]) -> None:
        self._assets, self._known = assets, dict(known)

    def of(self, feature: str) -> dict[str, str]:
        """Those of the assets that a feature needs, by name."""
        for asset in ASSETS[feature]:
            if asset not in self._known:
                self._known[asset] = sha256_file(self._assets[asset])
        return {asset: self._known[asset] for asset in ASSETS[feature]}


def _attempt(name: str, build: Callable[[], Any], refused: dict[str, tuple[Status, str]]) -> Any:
    """What `build` gives, or None and the reason in `refused`."""
    from metrics.features.weights import WeightsError

    try:
        return build()
    except WeightsError as error:
        refused[name] = (Status.WEIGHTS_MISSING, str(error))
    except ValueError as error:  # A device that the network's runtime cannot use.
        refused[name] = (Status.ERROR, str(error))
    return None


def _sync_ids(
    names: Sequence[str],
    assets: Mapping[str, Path],
    device: str,
    tracking: Mapping[str, Any],
    refused: dict[str, tuple[Status, str]],
    digests: _Digests,
) -> dict[str, str]:
    ids = {}
    for name in SYNC_FEATURES:
        if name not in names or _attempt(name, partial(open_meter, name, assets, device), refused) is None:
            continue
        legacy = SYNC_LEGACY.get(name)
        protocol = {**(legacy or PROTOCOLS["lse"]).describe(), "weights": digests.of(name)}
        if legacy is None and name not in SOUND_FEATURES:
            protocol["track"] = tracking
        ids[name] = protocol_id(name, protocol)
    return ids


_OPEN: dict[tuple[Any, ...], Any] = {}


def open_network(name: str, assets: Mapping[str, Path], device: str) -> Any:
    """The network of this feature, made once a process, with the weights of another feature where they are the same.

    Raises:
        WeightsError: its weights cannot be used. ValueError: it cannot run on that device.
    """
    from metrics.features.registry import networks

    files = {asset: assets[asset] for asset in ASSETS[name]}
    kind: Any = networks()[name]
    key = (name, *files.values(), device)
    if name in SAME_NETWORK:
        return _opened(key, lambda: kind.over(open_network(SAME_NETWORK[name], files, device)))
    return _opened(key, lambda: kind(assets=files, device=device))


def open_listener(assets: Mapping[str, Path]) -> VoiceActivity:
    """The voice activity network, made once a process.

    Raises:
        WeightsError: its weights cannot be used.
    """
    from metrics.features.voice_activity import VoiceActivity

    files = {asset: assets[asset] for asset in ASSETS[SPEECH]}
    made: VoiceActivity = _opened((SPEECH, *files.values()), lambda: VoiceActivity(files))
    return made


def open_meter(name: str, assets: Mapping[str, Path], device: str) -> SyncMeter:
    """SyncNet, and S3FD where the feature needs it, loaded once a process however many features ask.

    Raises:
        WeightsError: weights cannot be used.
    """
    from metrics.features.syncnet_meter import DETECTOR, SYNCNET, SyncMeter

    path, detector = assets[SYNCNET], assets.get(DETECTOR)
    meter: SyncMeter = _opened(("sync", path, device), lambda: SyncMeter({SYNCNET: path}, device))
    if DETECTOR not in ASSETS[name] or detector is None:
        return meter
    both: SyncMeter = _opened(("sync", path, detector, device), lambda: meter.with_detector(detector, device))
    return both


def _opened(key: tuple[Any, ...], build: Callable[[], Any]) -> Any:
    if key not in _OPEN:
        import torch

        torch.set_num_threads(1)
        _OPEN[key] = build()
    return _OPEN[key]
