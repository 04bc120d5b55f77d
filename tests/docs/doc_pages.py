"""The pages that people read, cut into what tests can check: code blocks, commands with what they show, links."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("[!.]*/*.md")])}
"""All pages by their path in the repository."""


class Block(NamedTuple):
    """A fenced block of a page: its language, and the heading (of level 2 or above) below which it stands."""

    language: str
    section: str
    text: str


@dataclass
class Step:
    """A command line of a block, the lines that it shows, and the exit code, where the page states them."""

    command: str
    shown: list[str] = field(default_factory=list)
    code: int | None = None

    @property
    def is_program(self) -> bool:
        """Whether the command runs what an export wrote."""
        return self.command.split(maxsplit=1)[0] in ("python", "gcc", "node", "curl") or self.command.startswith("./")

    @property
    def is_server(self) -> bool:
        """Whether the command goes on in the background while the next ones are typed."""
        return self.command.endswith(" &")

    def expected_code(self) -> str:
        """What the exit code must be, as a pattern: an error that is shown ends a command with another than 0."""
        if self.code is not None:
            return str(self.code)
        return "[1-9].*" if any(re.match("error:", line, re.IGNORECASE) for line in self.shown) else "0"


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines: list[str] = []
    section, fence = "", None
    for line in page.read_text("utf-8").splitlines():
        if fence is None and (fence := re.match(r"( *)```(\w*)", line)):
            lines = []
        elif fence is not None and line.strip() == "```":
            found.append(Block(fence[2], section, "\n".join(lines)))
            fence = None
        elif fence is not None:
            lines.append(line.removeprefix(fence[1]))
        elif heading := re.match("##? (.*)", line):
            section = heading[1]
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a block: mltrain's, and ``cat FILE``. What follows a prompt until the next is shown."""
    found: list[Step] = []
    for line in block.text.splitlines():
        if command := re.match(r"(\$ )?(mltrain(?!\S).*)|\$ (.*)", line):
            found.append(Step(command[2] or command[3]))
        elif found and block.language == "console":
            found[-1].shown.append(line)
    for step, following in pairwise(found):
        if following.command == "echo $?":
            step.code = int(following.shown[0])
    return [step for step in found if re.match(r"mltrain(?!\S)|cat\b", step.command) or step.is_program]


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead, as far as that is within the repository."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The names by which links reach the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
