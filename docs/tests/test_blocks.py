"""Every program in the READMEs and in docs/ runs: here, or (Rust but for the README's) as a doc test of cam-core.

Commands for the shell install, build for minutes or open other people's projects, and are checked by name: the command, the
target of make, the crate, the file. JSON is read; that of a model opens.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from pages import BLOCKS, PAGES, README, ROOT, Block

import cam

# Run here, run elsewhere, or not code at all. A block in any other language must find its way into one of these.
HERE = {"python", "code-cell", "c", "java", "json"}
ELSEWHERE = {"rust", "sh"}
NOT_CODE = {"", "text", "toml", "xml"}
# What a block of sh may call.
COMMANDS = {"make", "cargo", "cc", "pip", "mvn", "java", "javac"}


def named(*languages: str) -> list[object]:
    return [pytest.param(block, id=block.name) for block in BLOCKS if block.language in languages]


def python_pages() -> list[object]:
    python = [block for block in BLOCKS if block.language in {"python", "code-cell"}]
    return [
        pytest.param(list(group), id=str(page.relative_to(ROOT)))
        for page, group in groupby(python, lambda block: block.page)
    ]


def run(command: list[str], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return str(done.stdout)


def test_no_block_is_left_out() -> None:
    known = HERE | ELSEWHERE | NOT_CODE
    strays = [b.name for b in BLOCKS if b.language not in known and not b.language.startswith("{")]
    assert not strays


def test_the_rust_of_the_readme_is_an_example_and_runs_from_the_clone(library: Path) -> None:
    (block,) = [b for b in BLOCKS if b.page == README and b.language == "rust"]
    example = (ROOT / "cam-core" / "examples" / "cdnow.rs").read_text(encoding="utf-8")
    assert block.text == re.sub(r"\A(//!.*\n)+\n", "", example)
    command = f"cargo run --quiet --locked -p cam-core --example cdnow --profile {library.name}"
    assert "expected" in run([*command.split(), "--target-dir", str(library.parent)], cwd=ROOT)


def test_pages_with_rust_are_doc_tests_of_the_core() -> None:
    pages = {str(b.page.relative_to(ROOT)) for b in BLOCKS if b.language == "rust" and b.page != README}
    included = (ROOT / "cam-core" / "src" / "lib.rs").read_text(encoding="utf-8")
    assert pages == set(re.findall(r'include_str!\("\.\./\.\./(.+?\.md)"\)', included))


@pytest.mark.parametrize("page", python_pages())
def test_python_blocks_run_in_the_order_of_their_page(page: list[Block], tmp_path: Path) -> None:
    # In a process of its own, as a reader would have it; the line numbers are those of the page.
    program = tmp_path / "page.py"
    lines: list[str] = []
    for block in page:
        lines += [""] * (block.line - len(lines)) + block.text.splitlines()
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run([sys.executable, "-W", "error", str(program)], cwd=tmp_path)


@pytest.mark.parametrize("block", named("c"))
def test_c_programs_compile_without_a_warning_and_run(block: Block, library: Path, tmp_path: Path) -> None:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(block.text, encoding="utf-8")
    run(
        [
            "cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", str(source),
            f"-I{ROOT / 'cam-ffi' / 'include'}", f"-L{library}", "-lcam_ffi", f"-Wl,-rpath,{library}", "-o", str(program),
        ]
    )  # fmt: skip
    assert run([str(program)], cwd=ROOT).strip()


@pytest.mark.parametrize("block", named("java"))
def test_java_programs_compile_and_run(block: Block, library: Path, tmp_path: Path) -> None:
    name = re.search(r"class (\w+)", block.text)
    assert name is not None, "a block of Java is a class with a main"
    (tmp_path / f"{name[1]}.java").write_text(block.text, encoding="utf-8")
    # The artifact that the tests of the Java door have built.
    target = library.parent / "java" / "target"
    path = os.pathsep.join(map(str, [*target.glob("cam-*.jar"), *target.glob("lib/*.jar"), tmp_path]))
    run(
        ["javac", "-Xlint:all,-path,-options", "-Werror", "-cp", path, "-d", str(tmp_path), f"{name[1]}.java"],
        cwd=tmp_path,
    )
    assert run(["java", "-cp", path, name[1]], cwd=ROOT).strip()


@pytest.mark.parametrize("block", named("json"))
def test_json_is_json_and_a_document_of_a_model_opens(block: Block) -> None:
    value = json.loads(block.text)
    if "format" in value:
        assert cam.from_json(block.text).to_json() == block.text.strip()


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for line in re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.MULTILINE) for name in line.split()}
    told = [name for b in BLOCKS if b.language == "sh" for name in re.findall(r"^make ([a-z-]+)", b.text, re.MULTILINE)]
    told += [name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))]
    assert {"demo", "test", "docs"} <= set(told) <= targets


@pytest.mark.parametrize("block", named("sh"))
def test_shell_blocks_name_commands_crates_and_files_that_there_are(block: Block) -> None:
    assert {line.split()[0] for line in block.text.splitlines()} <= COMMANDS
    for crate in re.findall(r" -p ([a-z-]+)", block.text):
        assert (ROOT / crate / "Cargo.toml").is_file()
    for path in re.findall(r"(?: -f | -I|--manifest-path )([\w./-]+)", block.text):
        assert (ROOT / path).exists()
    for version in re.findall(r"/cam-([\d.]+)\.jar", block.text):
        assert f"<version>{version}</version>" in (ROOT / "cam-ffi" / "java" / "pom.xml").read_text(encoding="utf-8")
