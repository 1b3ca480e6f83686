"""How hard the pages of the guide are to read: the Flesch-Kincaid grade of each page, and its longest sentence.

Only prose counts. Code, tables, headings, and quoted messages (`>`) are left out. A name in backticks, a number
with a unit and an address count as one short word each, because nobody reads them aloud syllable by syllable.

    python acceptance/readability.py            prints a table of all pages
"""

import re
import sys
from pathlib import Path

import textstat
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
HIGHEST_GRADE = 10
LONGEST_SENTENCE = 35
PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "destination/README.md",
    "destination/docs/**/*.md",
    "dbt/README.md",
    "integration_tests/simulator/README.md",
    "acceptance/README.md",
]


def pages():
    """The pages of the guide, each as its path below the root."""
    found = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    return [path.relative_to(ROOT) for path in dict.fromkeys(found)]


def words_of(inline):
    """The text of a paragraph, with one short word for whatever is not language."""
    text = []
    for part in inline.children:
        if part.type == "text":
            text.append(part.content)
        elif part.type == "code_inline":
            text.append("it")
        elif part.type in ("softbreak", "hardbreak"):
            text.append(" ")
    text = re.sub(r"https?://\S+", "it", "".join(text))
    return re.sub(r"\s+", " ", text).strip()


def paragraphs(markdown):
    """The prose of a page, paragraph by paragraph. A list's item is a paragraph."""
    left_out = 0
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type in ("heading_open", "table_open", "blockquote_open"):
            left_out += 1
        elif token.type in ("heading_close", "table_close", "blockquote_close"):
            left_out -= 1
        elif token.type == "inline" and not left_out:
            yield words_of(token)


def sentences(paragraph):
    """The sentences of a paragraph. A colon or a semicolon does not end one."""
    return [one for one in re.split(r"(?<=[.!?])[)\"'”]*\s+(?=[A-Z0-9(\"'“]|it\b)", paragraph) if one]


def measure(path):
    """The grade of a page, and its longest sentence with its number of words."""
    prose = [one for text in paragraphs((ROOT / path).read_text()) for one in sentences(text)]
    longest = max(prose, key=lambda one: len(one.split()), default="")
    whole = "\n".join(one if one[-1] in ".!?" else one.rstrip(":;,") + "." for one in prose)
    grade = textstat.flesch_kincaid_grade(whole) if prose else 0.0
    return grade, len(longest.split()), longest


def too_hard(path):
    """What is wrong with a page, in words; nothing where nothing is."""
    grade, length, longest = measure(path)
    if grade > HIGHEST_GRADE:
        yield f"{path}: grade {grade:.1f}, above {HIGHEST_GRADE}"
    if length > LONGEST_SENTENCE:
        yield f"{path}: a sentence of {length} words, above {LONGEST_SENTENCE}: {longest}"


if __name__ == "__main__":
    for page in [Path(name) for name in sys.argv[1:]] or pages():
        grade, length, longest = measure(page)
        mark = "" if grade <= HIGHEST_GRADE and length <= LONGEST_SENTENCE else f"  {longest}"
        print(f"{grade:5.1f} {length:4}  {page}{mark}")
