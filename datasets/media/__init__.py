"""Reading and writing video and audio. Frames are RGB uint8 ``(H, W, 3)``, sound is float32 mono."""

from datasets.media.audio import read_audio, read_audio_pieces
from datasets.media.errors import MediaError
from datasets.media.remux import pictures_sha256, replace_sound, sound_sha256
from datasets.media.timing import frame_index, resample
from datasets.media.video import Probe, probe, read_frames, read_shown
from datasets.media.write import AAC_RATES, atomic_file, write_audio, write_video

__all__ = [
    "AAC_RATES",
    "MediaError",
    "Probe",
    "atomic_file",
    "frame_index",
    "pictures_sha256",
    "probe",
    "read_audio",
    "read_audio_pieces",
    "read_frames",
    "read_shown",
    "replace_sound",
    "resample",
    "sound_sha256",
    "write_audio",
    "write_video",
]
