"""Portraits: any sound picture of one face becomes a square of the wanted size, and any other is one clear line."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.space.portrait import LARGEST, Portrait, open_portrait, read_picture
from metrics.features.face_mesh import locate

Picture = NDArray[np.uint8]


def _open(path: Path, size: int = 128, face: int | None = None) -> Portrait:
    portrait = open_portrait(path, size, 1.9, face)
    assert portrait.picture.shape == (size, size, 3) and portrait.picture.dtype == np.uint8
    assert portrait.landmarks.shape == (478, 3) and portrait.landmarks.dtype == np.float32
    assert (portrait.landmarks[:, :2] > 0).all() and (portrait.landmarks[:, :2] < size).all()
    return portrait


def _near(one: Picture, other: Picture, most: float) -> None:
    assert one.shape == other.shape
    assert np.abs(one.astype(float) - other).mean() < most


@pytest.fixture(scope="module")
def plain(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    path = tmp_path_factory.mktemp("plain") / "face.png"
    Image.fromarray(face).save(path)
    return _open(path)


def test_landmarks_lie_on_the_face_of_the_cut_picture(plain: Portrait) -> None:
    seen = locate(plain.picture)
    assert seen is not None and np.abs(seen[:, :2] - plain.landmarks[:, :2]).mean() < 1


def test_the_square_follows_the_face_in_a_wide_picture(
    face: Picture, plain: Portrait, backdrop: Callable[[int, int], Picture], tmp_path: Path
) -> None:
    wide = backdrop(900, 400)
    wide[100:356, 600:856] = face
    Image.fromarray(wide).save(tmp_path / "wide.png")
    found = _open(tmp_path / "wide.png")
    width = np.ptp(found.landmarks[:, 0])
    assert abs(found.landmarks[:, 0].mean() - 64) < 6 and 0.3 * 128 < width < 0.7 * 128


def test_grey_transparency_palettes_cmyk_and_16_bits_are_understood(
    face: Picture, plain: Portrait, tmp_path: Path
) -> None:
    colour = Image.fromarray(face)
    grey = np.asarray(colour.convert("L"))
    colour.convert("L").save(tmp_path / "grey.png")
    colour.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    colour.quantize(255).save(tmp_path / "palette.png", transparency=254)
    colour.convert("LA").save(tmp_path / "la.webp", lossless=True)
    in_grey = np.repeat(grey[..., None], 3, axis=2)
    _near(read_picture(tmp_path / "grey.png"), in_grey, 0.5)
    _near(read_picture(tmp_path / "deep.png"), in_grey, 0.5)
    _near(read_picture(tmp_path / "la.webp"), in_grey, 1.5)
    _near(read_picture(tmp_path / "cmyk.jpg"), face, 4)
    _near(read_picture(tmp_path / "palette.png"), face, 12)
    for name in ("deep.png", "cmyk.jpg"):
        assert np.abs(_open(tmp_path / name).landmarks - plain.landmarks)[:, :2].mean() < 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_over_white(mode: str, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (40, 20), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 20, 20))
    path = tmp_path / "see-through.png"
    if mode == "P":
        palette = Image.new("P", (40, 20), 1)
        palette.putpalette([0, 0, 0, 200, 30, 30])
        palette.paste(0, (0, 0, 20, 20))
        palette.save(path, transparency=0)
    else:
        picture.convert(mode).save(path)
    seen = read_picture(path)
    assert (seen[:, :20] == 255).all() and not (seen[:, 20:] == 255).all()


@pytest.mark.parametrize("turn", [3, 6, 8])
def test_the_turn_in_exif_is_followed(face: Picture, plain: Portrait, turn: int, tmp_path: Path) -> None:
    stored = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(face).transpose(stored).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "turned.png"), face)


def test_a_small_picture_with_a_face_that_is_large_enough_works(face: Picture, tmp_path: Path) -> None:
    Image.fromarray(face).resize((128, 128), Image.Resampling.BOX).save(tmp_path / "small.png")
    _open(tmp_path / "small.png", size=256)


def test_a_huge_picture_is_shrunk_before_it_is_searched(face: Picture, tmp_path: Path) -> None:
    huge = np.full((6000, 9000, 3), 120, np.uint8)
    huge += np.random.default_rng(0).integers(0, 12, (6000, 1, 3), np.uint8)
    huge[1000:5096, 3000:7096] = cv2.resize(face, (4096, 4096))
    Image.fromarray(huge).save(tmp_path / "huge.jpg", quality=80)
    del huge
    before = time.process_time()
    assert max(read_picture(tmp_path / "huge.jpg").shape) == LARGEST
    _open(tmp_path / "huge.jpg")
    assert time.process_time() - before < 20


def test_16_bit_grey_is_shrunk_too(tmp_path: Path) -> None:
    deep = np.tile(np.linspace(0, 65535, LARGEST + 100).astype(np.uint16), (50, 1))
    Image.fromarray(deep).save(tmp_path / "deep.png")
    seen = read_picture(tmp_path / "deep.png")
    assert seen.shape[1] == LARGEST and seen[0, 0, 0] < 2 and seen[0, -1, 0] > 253


def _png_header(width: int, height: int) -> bytes:
    """A PNG that says it is of that size, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(13500, 13500), (40000, 40000)])
def test_an_unreasonable_size_is_refused_before_any_pixel_is_read(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(_png_header(*size))
    with pytest.raises(BenchError, match=r"bomb\.png is too large; at most 150 megapixels"):
        read_picture(tmp_path / "bomb.png")


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (300, 2)])
def test_a_tiny_picture_has_no_face(face: Picture, size: tuple[int, int], tmp_path: Path) -> None:
    Image.fromarray(face).resize(size).save(tmp_path / "tiny.png")
    with pytest.raises(BenchError, match=r"tiny\.png: no face was found"):
        open_portrait(tmp_path / "tiny.png", 128, 1.9)


def test_a_face_too_small_says_how_small(
    face: Picture, backdrop: Callable[[int, int], Picture], tmp_path: Path
) -> None:
    picture = backdrop(200, 200)
    picture[60:124, 60:124] = cv2.resize(face, (64, 64), interpolation=cv2.INTER_AREA)
    Image.fromarray(picture).save(tmp_path / "far.png")
    with pytest.raises(BenchError, match=r"far\.png: its face is \d+ pixels wide; at least 40"):
        open_portrait(tmp_path / "far.png", 128, 1.9)


def test_no_face_is_an_error(backdrop: Callable[[int, int], Picture], tmp_path: Path) -> None:
    Image.fromarray(backdrop(300, 200)).save(tmp_path / "coffee.png")
    with pytest.raises(BenchError, match=r"coffee\.png: no face was found. Use a picture of one person"):
        open_portrait(tmp_path / "coffee.png", 128, 1.9)


@pytest.fixture(scope="module")
def couple(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The face in red at the left, in blue and larger at the right."""
    left, right = face.copy(), cv2.resize(face, (320, 320))
    left[..., 1:] = left[..., 1:] // 2
    right[..., :2] = right[..., :2] // 2
    both = np.zeros((320, 576, 3), np.uint8)
    both[:256, :256], both[:, 256:] = left, right
    path = tmp_path_factory.mktemp("couple") / "couple.png"
    Image.fromarray(both).save(path)
    return path


def test_several_faces_are_listed_and_one_must_be_chosen(couple: Path) -> None:
    with pytest.raises(BenchError, match=r"couple\.png: 2 faces \(1: \d+ pixels wide at x=\d+; 2: ") as raised:
        open_portrait(couple, 128, 1.9)
    assert "--face" in str(raised.value)


@pytest.mark.parametrize(("choice", "channel"), [(1, 0), (2, 2)])
def test_the_chosen_face_is_taken(couple: Path, choice: int, channel: int) -> None:
    portrait = _open(couple, face=choice)
    middle = portrait.landmarks[:, :2].mean(axis=0)
    assert np.abs(middle - 64).max() < 20
    x, y = middle.astype(int)
    skin = portrait.picture[y - 10 : y + 10, x - 10 : x + 10].reshape(-1, 3).mean(axis=0)
    assert int(np.argmax(skin)) == channel


@pytest.mark.parametrize("choice", [0, 3, -1])
def test_a_face_that_is_not_there_cannot_be_chosen(couple: Path, choice: int) -> None:
    with pytest.raises(BenchError, match=f"face {choice} was asked for, and it shows 2"):
        open_portrait(couple, 128, 1.9, choice)


@pytest.mark.parametrize("content", [b"", b"not a picture at all\n", b"\xff\xd8\xff\xe0 half a header", b"GIF89a"])
def test_a_file_that_is_no_picture_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(BenchError, match=r"bad\.png: not a readable picture") as raised:
        read_picture(tmp_path / "bad.png")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_telephone_picture_that_is_not_read_is_called_by_its_format(tmp_path: Path, brand: bytes) -> None:
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(100))
    with pytest.raises(BenchError, match=r"phone\.heic: not a readable picture \(HEIC, which is not read here\)"):
        read_picture(tmp_path / "phone.heic")


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.webp"])
def test_a_picture_that_was_cut_off_is_refused(face: Picture, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    Image.fromarray(face).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BenchError, match="not a readable picture"):
        read_picture(path)


def test_a_missing_picture_or_a_folder_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(BenchError, match="no such picture"):
            read_picture(path)


def test_a_portrait_of_the_assets_works(asset_path: Callable[[str], Path]) -> None:
    _open(asset_path("obama_portrait"), 256)
