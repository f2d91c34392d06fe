"""A comparison as JUnit XML, which every CI shows: one test a metric and model, one for coverage, one for what cannot be compared."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from reports.compare import wording
from reports.compare.data import Comparison, CoverageRow, MetricRow

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any form."""


def junit(found: Comparison, unclear_fails: bool = False) -> bytes:
    """The document. Worse is a failure; unclear is skipped, or a failure if `unclear_fails`."""
    root = Xml.Element("testsuites", name="space-bench compare")
    models = dict.fromkeys([row.model for row in found.coverage])
    for model in models:
        suite = Xml.SubElement(root, "testsuite", name=_clean(f"{model}: {found.head} against {found.base}"))
        for row in found.metrics:
            if row.model == model:
                _test(suite, f"{row.metric} ({row.scope})", row.verdict, _metric(row), unclear_fails)
        for each in found.coverage:
            if each.model == model:
                _test(suite, "coverage", each.verdict, _covered(each), unclear_fails)
    if found.incomparable:
        suite = Xml.SubElement(root, "testsuite", name=_clean(f"not compared: {found.head} against {found.base}"))
        for refusal in found.incomparable:
            _test(suite, refusal.what, "unclear", refusal.why, unclear_fails)
    for suite in root:
        suite.set("tests", str(len(suite)))
        for kind, name in (("failure", "failures"), ("skipped", "skipped")):
            suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _test(suite: Xml.Element, name: str, verdict: str, text: str, unclear_fails: bool) -> None:
    test = Xml.SubElement(suite, "testcase", name=_clean(name), classname=suite.get("name", ""))
    if verdict == "worse" or (verdict == "unclear" and unclear_fails):
        failure = Xml.SubElement(test, "failure", message=_clean(f"{verdict}: {text.splitlines()[0]}"))
        failure.text = _clean(text)
    elif verdict == "unclear":
        Xml.SubElement(test, "skipped", message=_clean(f"unclear: {text.splitlines()[0]}"))
    else:
        Xml.SubElement(test, "system-out").text = _clean(f"{verdict}: {text}")


def _metric(row: MetricRow) -> str:
    digits = wording.places(row)
    return (
        f"{wording.title(row)}: {wording.value(row.base, digits)} → {wording.value(row.head, digits)}, difference "
        f"{wording.difference(row)}, p {wording.p_value(row.p_value)}, margin {wording.margin(row)}, {row.cases} cases of "
        f"{row.speakers} speakers"
    ) + (f"; {row.note}" if row.note else "")


def _covered(row: CoverageRow) -> str:
    lines = [wording.covered(row), *(f"gone from HEAD: {wording.gone(each)}" for each in row.gone)]
    lines += [f"{each.case_set} {each.case}: {wording.reason(each.status, each.detail)}" for each in row.failed]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return FORBIDDEN.sub("�", text)
