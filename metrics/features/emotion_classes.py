"""What the outputs of the emotion networks stand for, in their order. Here, so that metrics need not load the networks."""

from __future__ import annotations

EMONET_8 = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
"""AffectNet's numbering."""
EMONET_5 = ("neutral", "happy", "sad", "surprise", "anger")
"""AffectNet's 0, 1, 2, 3 and 6, as EmoNet's reader of AffectNet numbers them: the fifth is anger, not fear."""
HSEMOTION = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
EMOTION_FAN = ("happy", "angry", "disgust", "fear", "sad", "neutral", "surprised", "contempt")
"""Of EAT's checkpoint, which was trained on MEAD. The original repository has seven classes."""
