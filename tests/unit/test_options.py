"""The option table: strace's habits, clear errors, nothing swallowed from the command."""

from __future__ import annotations

import pytest

from renacer.cli.help import page
from renacer.cli.options import FLAGS, Options, parse
from renacer.errors import UsageError


def test_options_end_at_the_command() -> None:
    """A flag after the command's name belongs to the command."""
    options = parse(["-cf", "ls", "-l", "--follow-forks"])
    assert options.command == ["ls", "-l", "--follow-forks"]
    assert options.summary_only
    assert options.follow


def test_double_dash_protects_a_command_that_looks_like_an_option() -> None:
    """After -- even a word with a dash is the command."""
    assert parse(["-f", "--", "-odd-name"]).command == ["-odd-name"]


def test_repeated_t_counts() -> None:
    """-t, -tt and -ttt are three levels, however they are written."""
    assert [parse([flag, "x"]).timestamps for flag in ("-t", "-tt", "-ttt")] == [1, 2, 3]
    assert parse(["-t", "-t", "x"]).timestamps == 2


def test_repeatable_options_accumulate() -> None:
    """Several -e, -E and --otlp-header all count."""
    options = parse(
        ["-e", "openat", "-e", "!read", "-E", "A=1", "-E", "B", "--otlp-header", "k=v", "x"]
    )
    assert options.filters == ["openat", "!read"]
    assert options.environment == ["A=1", "B"]
    assert options.otlp_headers == ["k=v"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--otlp-endpont", "x"], "unknown option --otlp-endpont: did you mean --otlp-endpoint?"),
        (["-Z"], "unknown option -Z: see renacer --help"),
        (["-o"], "-o needs a value: -o FILE"),
        (["--engine", "magic", "x"], "--engine magic: must be auto or ptrace"),
        (["-s", "-1", "x"], "-s -1: must be from 0 to 2147483647"),
        (["-s", "lots", "x"], "-s lots: must be a number"),
        (["--trace-compute-threshold", "nan", "x"], "must be a number of microseconds"),
        (["--follow-forks=1", "x"], "--follow-forks takes no value"),
        (["--stats=1", "x"], "--stats"),
    ],
)
def test_a_wrong_option_is_explained_in_one_line(arguments: list[str], message: str) -> None:
    """Every mistake names the option, what is wrong, and what to do."""
    with pytest.raises(UsageError) as caught:
        parse(arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_row_sets_a_field_that_exists() -> None:
    """A typing slip in the table cannot silently set nothing."""
    assert {flag.field for flag in FLAGS} == set(vars(Options([]))) - {"command"}


def test_help_shows_every_option_within_100_columns() -> None:
    """Whatever can be given is documented, readably."""
    text = page()
    assert [flag.long for flag in FLAGS if f"--{flag.long}" not in text] == []
    assert [line for line in text.splitlines() if len(line) > 100] == []
