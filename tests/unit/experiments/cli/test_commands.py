"""Commands are made when they are used."""

import subprocess
import sys

import pytest
import typer.main

from searchparty.experiments.cli.commands import HOMES, LateCommands, make_command
from searchparty.experiments.cli.main import app


@pytest.mark.parametrize("name", HOMES)
def test_each_has_its_function(name):
    command = make_command(name)
    assert command.name == name
    assert command.help


def test_each_is_made_once_and_listed_in_order():
    group = typer.main.get_command(app)
    assert isinstance(group, LateCommands)
    assert group.list_commands(None) == list(HOMES)
    assert group.get_command(None, "run") is group.get_command(None, "run")
    assert group.get_command(None, "walk") is None


def test_a_command_imports_nothing_of_the_others():
    code = (
        "import sys; from searchparty.experiments.cli.main import main; sys.argv = ['searchparty', 'init', '--help']\n"
        "try:\n    main()\nfinally:\n"
        "    print([m for m in ('api', 'comparison', 'studio') if f'searchparty.experiments.{m}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
