"""The log of a job: the same lines in every file and on the stream, behind what the files hold already."""

import io
import logging
import re

import pytest

from anonbench.common.logs import log_files, log_to


@pytest.fixture
def logger():
    """The library's logger, whose handlers are taken off afterwards."""
    found = logging.getLogger("anonbench")
    before, level = list(found.handlers), found.level
    yield found
    for handler in [handler for handler in found.handlers if handler not in before]:
        found.removeHandler(handler)
        handler.close()
    found.setLevel(level)


def test_lines_go_to_every_file_and_to_the_stream(tmp_path, logger):
    files, stream = [tmp_path / "a.log", tmp_path / "b.log"], io.StringIO()
    files[0].write_text("before\n")
    assert log_to(files, stream) is logger
    logging.getLogger("anonbench.models.train").info("%d steps", 3)
    logging.getLogger("anonbench").debug("a detail")
    logging.getLogger("another").warning("of another library")
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO 3 steps\n", stream.getvalue())
    assert files[0].read_text() == "before\n" + stream.getvalue()
    assert files[1].read_text() == stream.getvalue()
    assert log_files() == [str(file) for file in files]
