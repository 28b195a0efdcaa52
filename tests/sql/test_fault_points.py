"""The named points at which tests make the database fail."""

import re
from collections import Counter

from boxoffice.sql import scripts
from tests.support.engine.faults import fault_points


def test_a_fault_point_has_a_name_of_its_own_and_stands_where_a_statement_can() -> None:
    marks = [
        line for text in scripts("functions").values() for line in text.splitlines() if "fault point" in line
    ]
    assert all(re.fullmatch(r" +-- fault point: [a-z_]+", mark) for mark in marks)
    names = Counter(mark.rpartition(" ")[2] for mark in marks)
    assert names == Counter(fault_points().keys())
