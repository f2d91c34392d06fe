"""Random changes of training samples: of pictures with their landmarks, and of sound."""

from bench.training.augment.pictures import Change, PictureAugment
from bench.training.augment.sound import SoundAugment, alter

__all__ = ["Change", "PictureAugment", "SoundAugment", "alter"]
