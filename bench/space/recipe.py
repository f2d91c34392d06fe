"""A recipe of SPACE: one YAML file that says how large the model is, what it is trained on, and how.

``space_ref/configs/`` holds ``paper``, ``small`` (the shipped one) and ``tiny``; a recipe of one's own is any path.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, create_model, field_validator

from bench.config import DatasetConfig, Strict, VideoConfig, known_keys
from bench.errors import BenchError, nearest
from bench.training.settings import LoopSettings
from space_ref.config import SpaceConfig
from space_ref.landmarks import positions
from space_ref.losses.discriminator import DiscriminatorConfig
from space_ref.objectives.latents import LatentsObjectiveConfig
from space_ref.objectives.pose import PoseObjectiveConfig
from space_ref.objectives.speech import SpeechObjectiveConfig
from space_ref.objectives.vid2vid import Vid2VidLossConfig

LIP_PAIRS = ((81, 178), (82, 87), (13, 14), (312, 317), (311, 402))
"""Inner lip points over each other, mesh indices: where the opening is trained."""


class PuppetData(Strict):
    """Synthetic training speakers to render first; see `datasets.puppet.PuppetSpec`."""

    seed: int = 0
    scale: int = Field(default=1, ge=1)
    extras: int = Field(default=0, ge=0, le=99)


class TalkData(Strict):
    """Synthetic speech with landmarks and without pictures; see `datasets.puppet.talks`.

    Attributes:
        count: how many. extras: training speakers beyond the fixed cast. seed: of all of it.
    """

    count: int = Field(ge=1)
    extras: int = Field(default=0, ge=0, le=99)
    seed: int = 0


class TrainingSet(DatasetConfig):
    """One dataset to train on, and which of its splits."""

    split: str = "train"


class DataRecipe(Strict):
    """What the model is trained on.

    Attributes:
        puppet: rendered into ``raw/<puppet_root>`` first, where given.
        talks: made beside the datasets' clips, where given; only the sequence networks learn from them.
        datasets: by name, as in ``params.yaml``, each with its split.
        video: the standard form of the clips.
        held_out: so many training speakers are left out and only looked at, to see what is learned and not remembered.
    """

    puppet: PuppetData | None = None
    talks: TalkData | None = None
    datasets: dict[str, TrainingSet]
    video: VideoConfig = Field(default_factory=VideoConfig)
    held_out: int = Field(default=0, ge=0)


class Vid2VidStage(Strict):
    """Training of face-vid2vid.

    Attributes:
        perceptual: the feature network: ``vgg19`` (the paper's), ``alex`` (ships in a wheel, a tenth of the work) or
            ``none``. perceptual_factors: by how much each level of its image pyramid is smaller than the picture.
    """

    loop: LoopSettings
    losses: Vid2VidLossConfig = Field(default_factory=Vid2VidLossConfig)
    discriminator: DiscriminatorConfig | None = None
    perceptual: str = "vgg19"
    perceptual_factors: tuple[int, ...] = (1, 2, 4, 8)
    start_from: Path | None = Field(None, description="weights to begin with: ours, or a public checkpoint")

    @field_validator("perceptual")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("alex", "vgg19", "none"):
            raise ValueError(f"perceptual must be alex, vgg19 or none, found {value!r}")
        return value


class SequenceStage(Strict):
    """Training of a sequence network.

    Attributes:
        frames: length of a window. losses: weights by name.
        same_clip: how often the portrait is of the window's own clip, and not of a neutral clip of the speaker.
        drop_emotion: how often such a portrait comes without the emotion: it shows it already. Asked for beside it, an
            emotion would mean half of what it means beside a neutral portrait.
        drawn: only clips with pictures: their landmarks were tracked, as those of any portrait will be.
    """

    loop: LoopSettings
    frames: int = Field(default=50, ge=2)
    same_clip: float = Field(default=0.35, ge=0, le=1)
    drop_emotion: float = Field(default=1.0, ge=0, le=1)
    drawn: bool = False
    losses: dict[str, Any] = Field(default_factory=dict)


class TrainingRecipe(Strict):
    vid2vid: Vid2VidStage
    speech: SequenceStage
    pose: SequenceStage
    latents: SequenceStage


class Recipe(Strict):
    """A whole file.

    Attributes:
        name: of the weights that it makes. summary: one line. text: the file as it is.
        model: sizes and switches. data, training: how the weights come about.
    """

    name: str
    summary: str
    model: SpaceConfig
    data: DataRecipe
    training: TrainingRecipe
    text: str = Field("", exclude=True, description="the file itself, to be kept beside the weights")

    def speech_objective(self) -> SpeechObjectiveConfig:
        """With the points of the mouth filled in."""
        upper, lower = zip(*LIP_PAIRS, strict=True)
        given = {
            "network": self.model.speech,
            "mouth": positions("lips_outer") + positions("lips_inner"),
            "upper_lip": _places(upper),
            "lower_lip": _places(lower),
        }
        return _objective(SpeechObjectiveConfig, given | self.training.speech.losses, "training.speech")

    def pose_objective(self) -> PoseObjectiveConfig:
        given = {"network": self.model.pose}
        return _objective(PoseObjectiveConfig, given | self.training.pose.losses, "training.pose")

    def latents_objective(self) -> LatentsObjectiveConfig:
        given = {"network": self.model.latents}
        return _objective(LatentsObjectiveConfig, given | self.training.latents.losses, "training.latents")


def load_recipe(name: str) -> Recipe:
    """A recipe by name (``small``) or by path.

    Raises:
        BenchError: no such recipe, no YAML, or a wrong or unknown key (with its place).
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder() / f"{name}.yaml"
    if not path.is_file():
        raise BenchError(f"unknown recipe {name!r}: {nearest(name, recipes())} A path to a .yaml file works too.")
    try:
        text = path.read_text(encoding="utf-8")
        recipe = Recipe.model_validate(yaml.safe_load(text) or {}).model_copy(update={"text": text})
        # Here and not hours later, when their stage begins.
        for objective in (recipe.speech_objective, recipe.pose_objective, recipe.latents_objective):
            objective()
        return recipe
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise BenchError(f"{path}: {_explain(error, Recipe)}") from error
    except BenchError as error:
        raise BenchError(f"{path}: {error}") from error


def recipes() -> list[str]:
    """Names of the recipes that come with the suite."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def _folder() -> Path:
    return Path(str(resources.files("space_ref"))) / "configs"


def _places(mesh: tuple[int, ...]) -> tuple[int, ...]:
    from space_ref.landmarks import SUBSET

    return tuple(SUBSET.index(point) for point in mesh)


def _objective(kind: type[Any], values: dict[str, Any], stage: str) -> Any:
    # A dataclass by itself lets unknown keys pass; inside a strict model it does not.
    holder: Any = create_model("Stage", __base__=Strict, losses=(kind, ...))
    try:
        return holder(losses=values).losses
    except ValidationError as error:
        raise BenchError(_explain(error, holder, stage)) from error


def _explain(error: ValidationError, model: Any, *above: str) -> str:
    lines = []
    for item in error.errors():
        place = ".".join(map(str, (*above, *item["loc"])))
        if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            *inside, key = item["loc"]
            lines.append(f"unknown key {place!r}. {nearest(str(key), known_keys(model, inside))}")
        else:
            found = item["msg"].removeprefix("Value error, ")
            lines.append(f"{place}: {found}" if place else found)
    return "; ".join(lines)
