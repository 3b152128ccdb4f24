"""A wrong command line is told as all mistakes are, with what was probably meant."""

import pytest

WRONG = [
    (("run", "quickstart", "--exectutor", "ray"),
     "option must be a known option of searchparty run, got '--exectutor'. Did you mean '--executor'?"),
    (("resume", "somewhere", "--repeat", "3"),
     "option must be a known option of searchparty resume, got '--repeat'. Did you mean '--repeats'?"),
    (("studio", "--port-number", "3"), "option must be a known option of searchparty studio, got '--port-number'."),
    (("--verzion",), "option must be a known option of searchparty, got '--verzion'. Did you mean '--version'?"),
    (("run", "quickstart", "--zzzzzz"),
     "got '--zzzzzz'. Known: --address, --allow-unsandboxed, --executor, --help, --no-report, --out, --set."),
    (("run", "quickstart", "--repeats", "2"), "got '--repeats'. Write --set repeats=... in place of it."),
    (("run", "quickstart", "--budget=5"), "got '--budget'. Write --set budget=... in place of it."),
    (("check", "quickstart", "--seeds", "1"), "got '--seeds'. Write --set seed=... in place of it."),
    (("run", "quickstart", "--target", "1"), "got '--target'. Write --set stop.target=... in place of it."),
    (("run", "quickstart", "--timeout", "1"), "got '--timeout'. Write --set evaluation.timeout=... in place of it."),
    (("run", "quickstart", "--on-nan", "stop"), "got '--on-nan'. Write --set evaluation.on_nan=... in place of it."),
    (("run", "quickstart", "--executor.workers", "3"), "Write --set executor.workers=... in place of it."),
    # Commands without --set have their own options only.
    (("trace", "somewhere", "--budget", "5"), "option must be a known option of searchparty trace, got '--budget'."),
    (("runn", "quickstart"), "command must be a known command, got 'runn'. Did you mean 'run'?"),
    (("zzzz",), "command must be a known command, got 'zzzz'. Known: init, run, resume, check,"),
    (("run",), "Missing argument 'FILE|NAME'. See: searchparty run --help"),
    (("run", "quickstart", "more"), "(more). See: searchparty run --help"),
    (("run", "quickstart", "--set"), "Option '--set' requires an argument. See: searchparty"),
    (("resume", "somewhere", "--repeats", "0"), "Invalid value for '--repeats': "),
    (("run", "quickstart", "--" + "x" * 1000), "got '--xxx"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda each: str(each)[:40])
def test_it_is_one_line_and_exit_code_2(command, tmp_path, arguments, message):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 500
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_nothing_at_all_shows_the_help(command, tmp_path):
    done = command(cwd=tmp_path)
    assert done.returncode == 2
    assert "Usage: searchparty [OPTIONS]" in done.stdout


def test_the_exit_code_of_a_command_is_kept(command, tmp_path):
    assert command("--version", cwd=tmp_path).returncode == 0
    assert command("list", "agents", cwd=tmp_path).returncode == 0
    assert command("--help", cwd=tmp_path).returncode == 0
