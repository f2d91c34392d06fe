"""Assets: only what the manifest says is ever used, whoever asks and however the fetching goes."""

from __future__ import annotations

import hashlib
import io
import logging
import multiprocessing
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.assets import AssetError, AssetStore, open_store
from bench.assets.fetch import Wheels
from bench.assets.manifest import read_manifest
from bench.errors import BenchError

CONTENT = b"weights " * 1000
OTHER = b"a second member"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(**changes: Any) -> dict[str, Any]:
    source = {"package": "tiny-asset", "version": "1.0", "member": "tiny_asset/net.bin"}
    base = {"purpose": "a test", "file": "net.bin", "licence": "CC0-1.0", "sha256": sha(CONTENT),
            "size": len(CONTENT), "sources": [source]}  # fmt: skip
    return {key: value for key, value in (base | changes).items() if value is not ...}


def second(**changes: Any) -> dict[str, Any]:
    source = {"package": "tiny-asset", "version": "1.0", "member": "tiny_asset/more.bin"}
    return entry(file="more.bin", sha256=sha(OTHER), size=len(OTHER), sources=[source], **changes)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of one wheel, in a folder; nothing else is within reach of pip."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tiny_asset-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_asset-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_asset/net.bin", CONTENT)
        wheel.writestr("tiny_asset/more.bin", OTHER)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-asset\nVersion: 1.0\nRequires-Python: <3\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def wheel(index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel of `index`, given without the seconds that pip takes."""
    path = index / "tiny_asset-1.0-py3-none-any.whl"
    monkeypatch.setattr(Wheels, "_download", lambda self, package, version: path)
    return path


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., AssetStore]:
    def make(**assets: dict[str, Any]) -> AssetStore:
        manifest = tmp_path / "assets.yaml"
        manifest.write_text(yaml.safe_dump(assets))
        return AssetStore(tmp_path / "cache", manifest, tmp_path / "weights")

    return make


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != ".lock")


def test_a_member_of_a_wheel_is_fetched_verified_and_laid_out_by_content(
    index: Path, make_store: Callable[..., AssetStore]
) -> None:
    store = make_store(net=entry())
    before = store.status()[0]
    assert not store.has("net") and (before.state, before.present) == ("absent", False)
    assert before.source == "tiny-asset==1.0:tiny_asset/net.bin"
    done: list[str] = []
    store.pull(["net"], done.append)
    digest = sha(CONTENT)
    assert done == ["net"] and store.has("net")
    assert store.path("net") == store.cache / digest[:2] / digest / "net.bin"
    assert store.path("net").read_bytes() == CONTENT and store.sha256("net") == digest
    assert files(store.cache) == [f"{digest[:2]}/{digest}/net.bin"]
    assert store.status()[0].present and store.verify() == []


def test_one_wheel_is_downloaded_once_for_all_its_members(
    wheel: Path, make_store: Callable[..., AssetStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def download(self: Wheels, package: str, version: str) -> Path:
        calls.append(package)
        return wheel

    monkeypatch.setattr(Wheels, "_download", download)
    store = make_store(net=entry(), more=second())
    store.pull(["net", "more"])
    store.pull(["net", "more"])
    assert calls == ["tiny-asset"]
    assert store.path("more").read_bytes() == OTHER


def test_a_file_of_another_size_is_named_before_what_to_do(
    make_store: Callable[..., AssetStore], tmp_path: Path
) -> None:
    store = make_store(net=entry(manual=True))
    assert (
        store.how_to_get("net") == "It is fetched only when asked for: run `space-bench assets pull net --allow-url`."
    )
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "net.bin").write_bytes(CONTENT[:-1])
    said = store.how_to_get("net")
    assert said.startswith(f"{tmp_path}/weights/net.bin has {len(CONTENT) - 1} bytes, expected {len(CONTENT)}; replace")
    assert "--allow-url" in said and not store.has("net")


def test_absent_says_which_command_brings_it(make_store: Callable[..., AssetStore]) -> None:
    with pytest.raises(AssetError, match="space-bench assets pull net"):
        make_store(net=entry()).path("net")


def test_unknown_name_suggests_the_nearest(make_store: Callable[..., AssetStore]) -> None:
    store = make_store(efficientnet=entry())
    for ask in (store.path, store.has, lambda name: store.pull([name])):
        with pytest.raises(BenchError, match="Did you mean 'efficientnet'"):
            ask("eficientnet")


def test_a_wrong_sha256_is_refused_and_not_kept(wheel: Path, make_store: Callable[..., AssetStore]) -> None:
    store = make_store(net=entry(sha256=sha(b"else"), size=...))
    with pytest.raises(AssetError) as caught:
        store.pull(["net"])
    assert sha(b"else") in str(caught.value) and sha(CONTENT) in str(caught.value)
    assert files(store.cache) == [] and not store.has("net")


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_wrong_size_is_refused(wheel: Path, make_store: Callable[..., AssetStore], size: int) -> None:
    store = make_store(net=entry(size=size))
    with pytest.raises(AssetError, match="bytes, expected"):
        store.pull(["net"])
    assert files(store.cache) == []


def test_damage_in_the_cache_is_found_removed_and_mended(wheel: Path, make_store: Callable[..., AssetStore]) -> None:
    make_store(net=entry()).pull(["net"])
    store = make_store(net=entry())
    place = store.cache / sha(CONTENT)[:2] / sha(CONTENT) / "net.bin"
    place.write_bytes(b"x" * len(CONTENT))
    with pytest.raises(AssetError, match="damaged"):
        store.path("net")
    assert not place.exists()
    place.write_bytes(b"x" * len(CONTENT))
    assert len(store.verify()) == 1
    place.write_bytes(b"cut")
    assert store.status()[0].state == "damaged" and not store.has("net")
    store.pull(["net"])
    assert store.path("net").read_bytes() == CONTENT


def test_offline_is_said_clearly(
    index: Path, make_store: Callable[..., AssetStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(index.parent / "nowhere"))
    store = make_store(net=entry())
    with pytest.raises(AssetError, match=r"tiny-asset==1\.0.*within reach") as caught:
        store.pull(["net"])
    assert "\n" not in str(caught.value) and files(store.cache) == []


def test_a_later_source_serves_where_the_first_fails(wheel: Path, make_store: Callable[..., AssetStore]) -> None:
    missing = {"package": "tiny-asset", "version": "1.0", "member": "tiny_asset/absent.bin"}
    store = make_store(net=entry(sources=[missing, *entry()["sources"]]))
    store.pull(["net"])
    assert store.path("net").read_bytes() == CONTENT
    with pytest.raises(AssetError, match=r"no member tiny_asset/absent\.bin"):
        make_store(lost=entry(sources=[missing], sha256=sha(b""))).pull(["lost"])


def test_a_broken_wheel_is_an_asset_error(wheel: Path, make_store: Callable[..., AssetStore]) -> None:
    wheel.write_bytes(wheel.read_bytes()[:200])
    store = make_store(net=entry())
    with pytest.raises(AssetError):
        store.pull(["net"])
    assert files(store.cache) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": [{"package": "p", "version": "1", "member": "../../etc/passwd"}]},
        {"sources": [{"package": "p", "version": "1", "member": "/etc/passwd"}]},
        {"sources": [{"package": "--index-url=x", "version": "1", "member": "m"}]},
        {"sources": [{"package": "p", "version": "1 --pre", "member": "m"}]},
        {"sources": [{"url": "http://example.org/net.bin"}]},
        {"sources": [{"url": "file:///etc/passwd"}]},
        {"file": "../net.bin"},
        {"file": "a/b"},
        {"file": ".."},
        {"sha256": "abc"},
        {"sha256": ...},
        {"size": 0},
        {"colour": "red"},
        {"licence": ...},
    ],
)
def test_a_manifest_that_is_wrong_or_reaches_out_is_refused(
    make_store: Callable[..., AssetStore], changes: dict[str, Any]
) -> None:
    with pytest.raises(AssetError, match="net"):
        make_store(net=entry(**changes))


def test_a_file_brought_by_hand_is_found_and_verified(make_store: Callable[..., AssetStore], tmp_path: Path) -> None:
    store = make_store(net=entry(manual=True, sources=[]))
    weights = tmp_path / "weights"
    with pytest.raises(AssetError, match=r"put net\.bin into"):
        store.pull(["net"])
    weights.mkdir()
    (weights / "net.bin").write_bytes(b"y" * len(CONTENT))
    with pytest.raises(AssetError, match="replace that file"):
        store.path("net")
    assert (weights / "net.bin").exists(), "what a person brought is not ours to remove"
    (weights / "net.bin").write_bytes(CONTENT)
    assert store.path("net") == weights / "net.bin"
    store.pull(["net"])


def test_without_a_known_sha256_only_a_file_by_hand_serves_and_is_named(
    make_store: Callable[..., AssetStore], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = make_store(net=entry(manual=True, sha256=..., size=..., sources=[], note="ask its authors"))
    assert "ask its authors" in store.status()[0].todo and store.status()[0].state == "manual"
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "net.bin").write_bytes(CONTENT)
    with caplog.at_level(logging.WARNING):
        assert store.sha256("net") == sha(CONTENT)
    assert sha(CONTENT) in caplog.text


class _Answer(io.BytesIO):
    def __init__(self, content: bytes, url: str) -> None:
        super().__init__(content)
        self._url = url

    def geturl(self) -> str:
        return self._url


def test_urls_are_followed_only_when_asked_for_and_only_by_https(
    make_store: Callable[..., AssetStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://example.org/net.bin"
    answers = {"content": CONTENT, "url": url}
    monkeypatch.setattr(urllib.request, "urlopen", lambda *a, **k: _Answer(answers["content"], answers["url"]))
    store = make_store(net=entry(manual=True, sources=[{"url": url}]))
    assert store.fetchable() == ()
    with pytest.raises(AssetError, match="--allow-url"):
        store.pull(["net"])
    answers["url"] = "http://example.org/net.bin"
    with pytest.raises(AssetError, match="not https"):
        store.pull(["net"], allow_url=True)
    answers.update(url=url, content=CONTENT * 2)
    with pytest.raises(AssetError, match="more than"):
        store.pull(["net"], allow_url=True)
    answers["content"] = CONTENT
    store.pull(["net"], allow_url=True)
    assert store.path("net").read_bytes() == CONTENT


def test_a_url_out_of_reach_is_said_clearly(
    make_store: Callable[..., AssetStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: Any, **options: Any) -> Any:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    store = make_store(net=entry(manual=True, sources=[{"url": "https://example.org/net.bin"}]))
    with pytest.raises(AssetError, match="cannot be fetched: no route"):
        store.pull(["net"], allow_url=True)


def _pull(cache: str, manifest: str, results: Any) -> None:
    store = AssetStore(Path(cache), Path(manifest))
    store.pull(["net", "more"])
    results.put((store.path("net").read_bytes(), store.path("more").read_bytes()))


def test_two_processes_may_ask_at_once(index: Path, make_store: Callable[..., AssetStore], tmp_path: Path) -> None:
    store = make_store(net=entry(), more=second())
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (str(store.cache), str(tmp_path / "assets.yaml"), results)
    workers = [context.Process(target=_pull, args=arguments) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [(CONTENT, OTHER)] * 2
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    assert len(files(store.cache)) == 2


def test_what_a_killed_pull_left_is_cleared(wheel: Path, make_store: Callable[..., AssetStore]) -> None:
    store = make_store(net=entry())
    left = store.cache / ".pull-dead"
    left.mkdir(parents=True)
    (left / "net.bin").write_bytes(b"half")
    store.pull(["net"])
    assert not left.exists() and store.path("net").read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written_is_said_clearly(wheel: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "assets.yaml"
    manifest.write_text(yaml.safe_dump({"net": entry()}))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AssetError, match="cannot be written"):
        AssetStore(tmp_path / "file" / "cache", manifest).pull(["net"])


def test_the_shipped_manifest_is_sound_and_environment_places_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPACE_BENCH_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("SPACE_BENCH_WEIGHTS", str(tmp_path / "w"))
    store = open_store()
    assert (store.cache, store.weights) == (tmp_path / "c", tmp_path / "w")
    assert {"dlib_face_resnet", "obama_speech_video", "inception_fid"} <= set(store.assets)
    assert all(asset.sha256 and asset.size for asset in store.assets.values() if not asset.manual)
    shipped = {name for name, asset in store.assets.items() if asset.shipped}
    assert all(bool(line.todo) != line.present for line in store.status())
    assert {line.name for line in store.status() if line.present} == shipped
    assert not shipped & set(store.fetchable()) and store.verify() == []


def test_a_shipped_file_is_used_where_it_lies_and_a_damaged_one_is_kept_and_named(tmp_path: Path) -> None:
    manifest = tmp_path / "assets.yaml"
    manifest.write_text(yaml.safe_dump({"net": entry(shipped="inside/net.bin", sources=[])}))
    store = AssetStore(tmp_path / "cache", manifest, root=tmp_path)
    with pytest.raises(AssetError, match=r"comes with the suite: restore inside/net\.bin"):
        store.path("net")
    place = tmp_path / "inside" / "net.bin"
    place.parent.mkdir()
    place.write_bytes(CONTENT)
    assert store.has("net") and store.path("net") == place
    place.write_bytes(b"x" * len(CONTENT))
    (problem,) = store.verify()
    assert "has sha256" in problem and place.is_file()


@pytest.mark.parametrize("text", ["net: [", "- a list", "net: 3"])
def test_a_manifest_that_is_no_manifest_is_said_clearly(tmp_path: Path, text: str) -> None:
    manifest = tmp_path / "assets.yaml"
    with pytest.raises(AssetError, match="cannot be read"):
        read_manifest(manifest)
    manifest.write_text(text)
    with pytest.raises(AssetError, match="manifest"):
        read_manifest(manifest)
