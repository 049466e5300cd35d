"""The picture of flows: valid Graphviz, every step in it, the calls between flows dotted."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from flows.flow import Flow
from flows.graph import graph


def test_every_step_is_drawn(library: dict[str, Flow]) -> None:
    text = graph(library)
    for flow in library.values():
        for step in flow.steps.values():
            assert f'"{flow.id}.{step.id}" [shape=' in text
    assert '"resolved.call_2" -> "after_danger.how" [style=dotted];' in text
    assert text.count("{") == text.count("}")


def test_an_arrow_goes_where_an_answer_leads(library: dict[str, Flow]) -> None:
    text = graph({"delete_my_data": library["delete_my_data"]})
    assert '"delete_my_data.sure" -> "delete_my_data.erase";' in text
    assert '"delete_my_data.erase" -> "delete_my_data.keep";' not in text


def test_graphviz_reads_it(library: dict[str, Flow]) -> None:
    dot = shutil.which("dot")
    if dot is None:
        pytest.skip("Graphviz is not installed here")
    drawn = subprocess.run([dot, "-Tsvg"], input=graph(library), text=True, capture_output=True, check=True)
    assert "<svg" in drawn.stdout
