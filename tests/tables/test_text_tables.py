"""Text tables as people have them: for each file, what is read and what is said."""

import gzip
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from mltrain.commands.init_table import config_for
from mltrain.config.convert import convert
from mltrain.config.load import parse_config
from mltrain.data.base import DatasetSpec
from mltrain.data.tables.cells import as_texts
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.foreign import FOREIGN
from mltrain.data.tables.layout import Like, _are_row_names
from mltrain.data.tables.opening import open_rows
from mltrain.data.tables.text_file import _found_encoding, count_lines, is_text_encoding
from mltrain.errors import ConfigError, DataError


class Case(NamedTuple):
    """``content`` of a file, and what of it is read: the columns, and the rows with cells between slashes.

    ``said`` is a part of each note, in order; ``guesses`` are the options that would say the same.
    """

    content: str | bytes
    columns: str
    rows: list[str]
    said: tuple[str, ...] = ()
    guesses: Mapping[str, Any] = MappingProxyType({})
    options: Mapping[str, Any] = MappingProxyType({})


_CARS = '18.0   8   307.0\t"chevrolet malibu"\n15.0   8   350.0\t"buick skylark"\n18.0   6   ?\t"plymouth"\n'
_UMLAUTS = "näme,b\nMüller,2\nx,3\n"
_MUELLER = ["Müller/2", "x/3"]

CASES = {
    # Line ends.
    "LF": Case("a,b\n1,2\n3,4\n", "a/b", ["1/2", "3/4"]),
    "CR": Case("a,b\r1,2\r3,4\r", "a/b", ["1/2", "3/4"]),
    "CRLF": Case("a,b\r\n1,2\r\n3,4", "a/b", ["1/2", "3/4"]),
    "mixed line ends": Case("a,b\r\n1,2\n3,4\r5,6", "a/b", ["1/2", "3/4", "5/6"]),
    "CRCRLF": Case("a,b\r\r\n1,2\r\r\n", "a/b", ["1/2"]),
    "blank lines": Case("\n\na,b\n1,2\n   \n\n3,4\n", "a/b", ["1/2", "3/4"]),
    # What separates cells.
    "blanks within cells": Case(
        "when,y\n1 Mar 2020 12:30,4.5\n2 Mar 2021 11:30,5.5\n",
        "when/y",
        ["1 Mar 2020 12:30/4.5", "2 Mar 2021 11:30/5.5"],
    ),
    "blanks, and a comma in one line": Case("a b c\n1 2 3,5\n4 5 6\n", "a/b/c", ["1/2/3,5", "4/5/6"]),
    "decimal comma, header": Case("a;b\n1,5;2\n2,5;3\n", "a/b", ["1,5/2", "2,5/3"]),
    "decimal comma, no header": Case(
        "1,5;2,5;x\n2,5;3,5;y\n", "column_1/column_2/column_3", ["1,5/2,5/x", "2,5/3,5/y"]
    ),
    "decimal comma, two readings": Case(
        "1,5;2,5\n2,5;3,5\n",
        "column_1/column_2",
        ["1,5/2,5", "2,5/3,5"],
        ("separated by semicolons, which gives 2 columns; commas would give 3",),
        {"delimiter": ";"},
    ),
    "tabs, decimal comma": Case("a\tb\n1,5\t2\n2,5\t3\n", "a/b", ["1,5/2", "2,5/3"]),
    "tabs, some cells empty": Case("a\tb\tc\n1\t\tx\n\t3\ty\n", "a/b/c", ["1//x", "/3/y"]),
    "pipes": Case("a|b\n1|x y\n2|z w\n", "a/b", ["1/x y", "2/z w"]),
    "commas and spaces": Case('a, b, c\n1, "x, y", 3\n', "a/b/c", ["1/x, y/3"]),
    "blanks": Case("  a  b\n  1  2\n 10 20\n", "a/b", ["1/2", "10/20"]),
    "blanks, no header": Case("1 2 3\n4 5 6\n", "column_1/column_2/column_3", ["1/2/3", "4/5/6"]),
    "blanks, tabs and quotes": Case(
        _CARS,
        "column_1/column_2/column_3/column_4",
        ["18.0/8/307.0/chevrolet malibu", "15.0/8/350.0/buick skylark", "18.0/6/?/plymouth"],
        ("separated by blanks, which gives 4 columns; tabs would give 2",),
        {"delimiter": " "},
    ),
    "blanks said": Case("a b\nx  y\n", "a/b", ["x/y"], ("(a, b) is taken",), {"header": True}, {"delimiter": " "}),
    "blanks in cells": Case(
        "date,v\n2024-01-01 10:00,1\n2024-01-02 10:00,2\n", "date/v", ["2024-01-01 10:00/1", "2024-01-02 10:00/2"]
    ),
    "other separators in cells": Case(
        'n,text\n1,"hello; you"\n2,"a | b; c"\n', "n/text", ["1/hello; you", "2/a | b; c"]
    ),
    "a separator behind each row": Case("a,b\n1,2,\n3,4,\n", "a/b/column_3", ["1/2/", "3/4/"]),
    "a separator behind each line": Case("a;b;\n1;2;\n3;4;\n", "a/b/column_3", ["1/2/", "3/4/"]),
    "a separator behind the names": Case("a,b,\n1,2\n3,4\n", "a/b", ["1/2", "3/4"]),
    "units below the names": Case(
        "t,p\n[s],m/s\n1,2\n3,4\n",
        "t/p",
        ["1/2", "3/4"],
        ("the row below the columns' names ([s], m/s) is skipped: it holds words where all other rows hold numbers",),
    ),
    "two rows of names": Case(
        'g,t,p\n"in\nall",mean,sum\nx,1,2\ny,3,4\n', "g/t/p", ["x/1/2", "y/3/4"], ("(in all, mean, sum) is skipped",)
    ),
    "words in the first row alone": Case(
        "a,b\n-,x\n1,2\n3,4\n", "a/b", ["-/x", "1/2", "3/4"], ("(a, b) is taken",), {"header": True}
    ),
    "Markdown": Case(
        "| a | b |\n|:--|--:|\n| 1 | x |\n| 3 | y |\n",
        "column_1/a/b/column_4",
        ["/1 /x /", "/3 /y /"],
        ("the line below the columns' names is skipped",),
    ),
    "another character": Case("a:b\n1:2\n", "a/b", ["1/2"], options={"delimiter": ":"}),
    "Excel says it": Case("sep=;\na;b\n1,5;2\n", "a/b", ["1,5/2"]),
    "one column": Case("y\n1\n2\n", "y", ["1", "2"]),
    "quotes that are characters": Case(
        'ham\t"Hi" she said\nspam\t5" pipe\nham\t"open\nspam\tx "y" z\nham\t"all, of it"\n',
        "column_1/column_2",
        ['ham/"Hi" she said', 'spam/5" pipe', 'ham/"open', 'spam/x "y" z', "ham/all, of it"],
        ('(ham, "Hi" she said) is taken for a row',),
        {"header": False},
    ),
    "quotes with line ends among tabs": Case('a\tb\n1\t"x\ny"\n2\t"p\tq"\n3\tt\n', "a/b", ["1/x\ny", "2/p\tq", "3/t"]),
    "a header of several lines among tabs": Case('"a\nlong"\tb\n1\t2\n', "a long/b", ["1/2"]),
    "blanks behind commas": Case(
        "39, State-gov, 7.5\n50, Private, 3.5\n", "column_1/column_2/column_3", ["39/State-gov/7.5", "50/Private/3.5"]
    ),
    "quotes with line ends": Case('a,b\n"x\ny",2\n"p,q",3\n', "a/b", ["x\ny/2", "p,q/3"]),
    "doubled quotes": Case('a,b\n"say ""no""",2\n', "a/b", ['say "no"/2']),
    "decimal said": Case(
        "x;y\n1.234,5;-3\n12,25;2.5\n;,5\n", "x/y", ["1234.5/-3", "12.25/2.5", "/0.5"], options={"decimal": ","}
    ),
    "decimal said, dates": Case("x;y\n1.2.2024;1,5e3\n", "x/y", ["1.2.2024/1.5e3"], options={"decimal": ","}),
    # The header.
    "words over words": Case(
        "name,city\nAnn,Rome\nBob,Oslo\n",
        "name/city",
        ["Ann/Rome", "Bob/Oslo"],
        ("(name, city) is taken for the columns' names; if it is a row like the others, say header: false",),
        {"header": True},
    ),
    "words that come again": Case(
        "p,x,s\ne,x,s\np,b,s\n",
        "column_1/column_2/column_3",
        ["p/x/s", "e/x/s", "p/b/s"],
        ("(p, x, s) is taken for a row like the others; if it names the columns, say header: true",),
        {"header": False},
    ),
    "words over words, said": Case("a,b\nc,d\n", "column_1/column_2", ["a/b", "c/d"], options={"header": False}),
    "a name that is expected": Case("p,x\ne,x\n", "p/x", ["e/x"], options={"expected": ["x"]}),
    "words over numbers": Case("a,b\n1,x\n2,y\n", "a/b", ["1/x", "2/y"]),
    "numbers among words": Case(
        "vhigh,2,small\nlow,4,big\n", "column_1/column_2/column_3", ["vhigh/2/small", "low/4/big"]
    ),
    "years over numbers": Case(
        "id,2019,2020\n1,5,6\n2,6,7\n",
        "id/2019/2020",
        ["1/5/6", "2/6/7"],
        ("(id, 2019, 2020) is taken for the columns' names",),
        {"header": True},
    ),
    "counted columns": Case(
        "0,1,2\n5,6,7\n",
        "column_1/column_2/column_3",
        ["0/1/2", "5/6/7"],
        ("(0, 1, 2) is taken for a row",),
        {"header": False},
    ),
    "a gap in the first row": Case("?,3\n4,5\n", "column_1/column_2", ["?/3", "4/5"]),
    "dates and no header": Case("2024-01-01,1\n2024-01-02,2\n", "column_1/column_2", ["2024-01-01/1", "2024-01-02/2"]),
    "an index without a name": Case(",a,b\n0,1,x\n1,2,y\n", "column_1/a/b", ["0/1/x", "1/2/y"]),
    "names of rows, as R writes them": Case('"a","b"\n"1",3,"x"\n"2",4,"y"\n', "column_1/a/b", ["1/3/x", "2/4/y"]),
    "names of rows, blanks": Case('"a" "b"\n"Mazda" 3 "x"\n"Fiat" 4 "y"\n', "column_1/a/b", ["Mazda/3/x", "Fiat/4/y"]),
    "a separator at each end": Case("a,b,\n1,2,\n3,4,\n", "a/b/column_3", ["1/2/", "3/4/"]),
    "a name of several lines": Case('"a\nlong",b\n1,2\n', "a long/b", ["1/2"]),
    "only a header": Case("a,b\n", "a/b", []),
    # What stands before the table.
    "comments": Case(
        "# by x\n# on, y, z\na,b\n1,2\n3,4\n", "a/b", ["1/2", "3/4"], ("2 lines before the table are skipped",)
    ),
    "a header behind #": Case("# a,b\n1,2\n3,4\n", "a/b", ["1/2", "3/4"]),
    "a header behind #, blanks": Case("# a b\n1.0 2.0\n3.0 4.0\n", "a/b", ["1.0/2.0", "3.0/4.0"]),
    "a name with #": Case("#id,b\n1,2\n3,4\n", "#id/b", ["1/2", "3/4"]),
    "a title": Case(
        "Report of May\n\na,b,c\n1,2,x\n3,4,y\n", "a/b/c", ["1/2/x", "3/4/y"], ("1 line before the table is skipped",)
    ),
    # Encodings.
    "UTF-8": Case(_UMLAUTS, "näme/b", _MUELLER),
    "UTF-8 with a mark": Case(_UMLAUTS.encode("utf-8-sig"), "näme/b", _MUELLER),
    "latin-1": Case(
        _UMLAUTS.encode("latin-1"),
        "näme/b",
        _MUELLER,
        ("is not UTF-8 and is read as windows-1252, in which line 1 has 'näme'; if that is wrong, say encoding",),
        {"encoding": "windows-1252"},
    ),
    "windows-1252": Case(
        "a,b\n1,2\n5 €,3\n".encode("cp1252"), "a/b", ["1/2", "5 €/3"], ("line 3 has '€'",), {"encoding": "windows-1252"}
    ),
    "UTF-16": Case(_UMLAUTS.encode("utf-16"), "näme/b", _MUELLER, ("the text is UTF-16",)),
    "UTF-16-LE, no mark": Case(
        _UMLAUTS.encode("utf-16-le"), "näme/b", _MUELLER, ("UTF-16-LE",), {"encoding": "utf-16-le"}
    ),
    "UTF-16-BE, no mark": Case(
        _UMLAUTS.encode("utf-16-be"), "näme/b", _MUELLER, ("UTF-16-BE",), {"encoding": "utf-16-be"}
    ),
    "UTF-32": Case(_UMLAUTS.encode("utf-32"), "näme/b", _MUELLER, ("UTF-32",)),
    "UTF-32-BE, no mark": Case(
        _UMLAUTS.encode("utf-32-be"), "näme/b", _MUELLER, ("UTF-32-BE",), {"encoding": "utf-32-be"}
    ),
    "UTF-16 with CR": Case("a,b\r1,2\r".encode("utf-16"), "a/b", ["1/2"], ("UTF-16",)),
    "said": Case("имя,b\nИван,2\n".encode("cp1251"), "имя/b", ["Иван/2"], options={"encoding": "cp1251"}),
    "said, with a mark": Case(_UMLAUTS.encode("utf-8-sig"), "näme/b", _MUELLER, options={"encoding": "utf-8"}),
    "as other files were": Case(
        "имя,b\nИван,2\n".encode("cp1251"),
        "имя/b",
        ["Иван/2"],
        ("read as cp1251",),
        {"encoding": "cp1251"},
        {"like": Like(encoding="cp1251")},
    ),
    "gzip": Case(
        gzip.compress(_UMLAUTS.encode("latin-1")), "näme/b", _MUELLER, ("windows-1252",), {"encoding": "windows-1252"}
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("as_text", [True, False])
def test_what_is_read_and_what_is_said(name: str, as_text: bool, path: Path) -> None:
    case = CASES[name]
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    with DelimitedFile(path, as_text=as_text, **case.options) as file:
        blocks = list(file.blocks())
        rows = [row for block in blocks for row in zip(*block.columns, strict=True)]
        assert "/".join(file.columns) == case.columns
        if as_text:
            assert ["/".join(row) for row in rows] == case.rows
        assert len(rows) == len(case.rows) <= file.most_rows()
        notes = file.notes
        assert len(notes) == len(case.said)
        assert all(part in note for part, note in zip(case.said, notes, strict=True))
        assert file.guesses == case.guesses
        lines = [line for block in blocks for line in block.lines]
        assert lines == sorted(set(lines))


REFUSED = {
    "nothing": (b"", "rows.csv: the file is empty"),
    "blank lines only": (b"\n\r\n\n", "rows.csv: the file is empty"),
    "a zero byte": (b"a,b\n1,\x00\n", "rows.csv:2: this is no text: it has a zero byte"),
    "neither encoding": (b"a,b\n1,\x81\n", "rows.csv:2: this is no text: it is neither UTF-8 nor windows-1252"),
    "two encodings": ("é,b\n".encode() + b"\xe9,3\n", "rows.csv:2: this line is no text in UTF-8, but line 1 is"),
    "UTF-16, cut": ("a,b\n1,2\n".encode("utf-16") + b"\n", "rows.csv: this is no text in utf-16"),
    "too many cells": (b"a,b\n1,2\n3,4,5\n", "rows.csv:3: row 2 has 3 cells, but the first line has 2: '5' is in no"),
    "too few cells": (b"a,b\n1,2\n3\n", "rows.csv:3: row 2 ends after column 'a': it has 1 of the 2 cells"),
    "an open quote": (b'a,b\n1,2\n3,"4\n', "rows.csv:3: row 2: this is no table of text: unexpected end of data"),
    "two columns of one name": (b"a,a,b\n1,2,3\n", "rows.csv:1: two columns are called 'a'; each needs a name of its"),
    "too many cells behind comments": (b"# x\na,b\n1,2\n3,4\n3,4,5\n", "rows.csv:5: row 3 has 3 cells"),
}


def refusal(path: Path, content: bytes, **options: Any) -> str:
    path.write_bytes(content)
    with pytest.raises(DataError) as error, DelimitedFile(path, as_text=True, **options) as file:
        list(file.blocks())
    return str(error.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, path: Path) -> None:
    content, expected = REFUSED[name]
    assert expected in refusal(path, content)


def test_an_open_quote_among_blanks(path: Path) -> None:
    said = refusal(path, b'a b\n1 2\n3 "4\n', delimiter=" ")
    assert said.startswith("rows.csv: this is no table of text: a quote is opened and never closed")


def test_a_said_encoding_that_is_wrong(path: Path) -> None:
    assert "rows.csv:2: this is no text in utf-8" in refusal(path, b"a,b\n\xff,1\n", encoding="utf-8")


FOREIGN_FILES = {
    "rows.xlsx": (
        b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml..PK\x03\x04..xl/workbook.xml",
        "an Excel workbook",
        "read_excel",
    ),
    "rows.ods": (
        b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "an OpenDocument",
        "CSV",
    ),
    "rows.npz": (b"PK\x03\x04" + b"\0" * 26 + b"x.npy\0\0", "a file of NumPy arrays", "type: npz"),
    "rows.zip": (b"PK\x03\x04" + b"\0" * 26 + b"rows.csv\0", "a zip archive", "unpack it first"),
    "rows.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old Excel workbook", "read_excel"),
    "rows.parquet": (b"PAR1\x15\x04", "a Parquet file", "type: parquet"),
    "rows.feather": (b"ARROW1\0\0", "an Arrow file", "type: parquet"),
    "old.feather": (b"FEA1\0\0", "a Feather file of version 1", "version 2"),
    "rows.sas7bdat": (
        bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),
        "a SAS table",
        "read_sas",
    ),
    "rows.xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "a SAS transport file", "read_sas"),
    "rows.sav": (b"$FL2@(#) SPSS DATA FILE\0", "an SPSS table", "read_spss"),
    "rows.dta": (b"<stata_dta><header>", "a Stata table", "read_stata"),
    "v113.dta": (b"\x71\x02\x01\0\x05\0", "a Stata table", "read_stata"),
    "rows.rds": (gzip.compress(b"X\n\0\0\0\x03\0\x04\x02"), "a file of R", "write.csv(readRDS("),
    "rows.rda": (gzip.compress(b"RDX3\nX\n\0\0\0\x03"), "a file of R", "write.csv"),
    "rows.h5": (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file", "read_hdf"),
    "rows.npy": (b"\x93NUMPY\x01\0", "a file of NumPy's array", "numpy.savez"),
    "rows.mat": (b"MATLAB 5.0 MAT-file, Platform: posix", "a MATLAB file", "loadmat"),
    "rows.pkl": (b"\x80\x04\x95\x10\0", "a pickle", "CSV or Parquet"),
    "rows.db": (b"SQLite format 3\0\x10", "an SQLite database", "sqlite3 -csv"),
    "rows.orc": (b"ORC\x08\x03", "an ORC file", "read_orc"),
    "rows.avro": (b"Obj\x01\x04", "an Avro file", "Parquet"),
    "rows.csv.xz": (b"\xfd7zXZ\0\0", "packed with xz", "unxz"),
    "rows.csv.bz2": (b"BZh91AY&SYx", "packed with bzip2", "bunzip2"),
    "rows.csv.zst": (b"\x28\xb5\x2f\xfd\0", "packed with zstd", "unzstd"),
    "rows.7z": (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive", "unpack"),
    "rows.rar": (b"Rar!\x1a\x07\0", "a RAR archive", "unpack"),
    "rows.tar": (b"rows.csv".ljust(257, b"\0") + b"ustar\0", "a tar archive", "unpack"),
    "rows.pdf": (b"%PDF-1.7\n", "a PDF", "as CSV"),
    "page.csv": (b"<!DOCTYPE html>\n<html>", "a web page, not a table", "download"),
    "table.xls": (b"<table border=1><tr><td>a</td></tr></table>", "a web page, not a table", "pandas.read_html("),
    "xml.xls": (
        b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "an Excel workbook in XML",
        "save the sheet as CSV",
    ),
    "rows.xml": (b"<?xml version='1.0'?>", "an XML file", "CSV"),
    "rows.json": (b'[\n {"a": 1}]', "a JSON file of one list", ".jsonl"),
    "rows.arff": (b"% by x\n@RELATION iris\n@attribute a numeric\n@data\n1\n", "an ARFF file", "@data"),
    "pointer.csv": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a pointer that Git LFS left",
        "git lfs pull",
    ),
    "rows.png": (b"\x89PNG\r\n\x1a\n", "a picture", "a table is text"),
}


@pytest.mark.parametrize("name", FOREIGN_FILES)
def test_files_of_other_programs_are_refused_with_the_way_to_convert_them(name: str, tmp_path: Path) -> None:
    content, what, way = FOREIGN_FILES[name]
    said = refusal(tmp_path / name, content)
    assert said.startswith(f"{name}: this is {what}")
    assert way in said
    by_content = refusal(tmp_path / "rows.txt", content) if name != "v113.dta" else f"this is {what}"
    assert f"this is {what}" in by_content


NAMED = {
    "a spreadsheet of Numbers": "numbers",
    "a dBase table": "dbf",
    "an Access database": "accdb",
    "a JMP table": "jmp",
    "an Excel workbook": "xlsx",
    "an OpenDocument": "ods",
    "a SAS table": "sas7bdat",
    "an SPSS table": "sav",
    "a Stata table": "dta",
    "a file of R": "RDS",
    "an HDF5 file": "h5",
    "a text document": "docx",
}


@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("content", [b"PK\x03\x04 something", b"\x00\x01\x02", b"what"])
def test_names_tell_what_the_content_does_not(what: str, content: bytes, tmp_path: Path) -> None:
    assert f"this is {what}" in refusal(tmp_path / f"rows.{NAMED[what]}", content)


def test_a_table_of_text_may_be_called_as_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "rows.xls"
    path.write_text("a\tb\n1\t2\n")
    with DelimitedFile(path) as file:
        assert file.columns == ("a", "b")


def test_json_lines_may_be_called_json(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('{"a": 1}\n{"a": 2}\n')
    with open_rows(path) as file:
        assert list(next(file.blocks()).columns[0]) == ["1", "2"]


def test_every_kind_of_foreign_file_has_a_case() -> None:
    told = {what for _, what, _ in FOREIGN_FILES.values()} | set(NAMED)
    assert [kind.what for kind in FOREIGN if not any(what in kind.what for what in told)] == []


def test_a_real_workbook_and_a_real_archive(tmp_path: Path) -> None:
    zipfile = pytest.importorskip("zipfile")
    for name, entries in (
        ("a.zip", ["rows.csv"]),
        ("b.xlsx", ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]),
    ):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for entry in entries:
                archive.writestr(entry, "<x/>")
        what = "a zip archive" if name == "a.zip" else "an Excel workbook"
        assert f"this is {what}" in refusal(tmp_path / name, content.getvalue())


@pytest.mark.parametrize(
    "content", ["PAR1,PAR2\n1,2\n", "ORC,b\n1,2\n", "A\n2\n", "FEA1,b\n1,2\n", "7z,b\n1,2\n", "[a],b\n1,2\n"]
)
def test_texts_that_begin_as_other_files_do(content: str, path: Path) -> None:
    path.write_text(content)
    with DelimitedFile(path) as file:
        assert len(list(file.blocks())) == 1


@pytest.mark.parametrize(
    ("content", "lines"), [(b"", 1), (b"a", 1), (b"a\n", 2), (b"a\rb\r", 3), (b"a\r\nb\r\n", 3), (b"\r" * 5, 6)]
)
def test_lines_are_counted_as_they_are_read(content: bytes, lines: int, path: Path) -> None:
    path.write_bytes(content)
    assert count_lines(path) == (lines, len(content))


def test_a_line_end_between_two_pieces_of_a_file_is_one(path: Path) -> None:
    content = b"x" * ((1 << 20) - 1) + b"\r\ny"
    path.write_bytes(content)
    assert count_lines(path) == (2, len(content))


def spec(**options: Any) -> DatasetSpec:
    return convert(DatasetSpec, {"type": "csv", "path": "rows.csv", "target": "column_2", **options})


def test_a_config_says_how_a_file_is_laid_out(path: Path) -> None:
    path.write_bytes("é;1,5\nü;2.000,5\n".encode("latin-1"))
    options = {"header": False, "delimiter": ";", "encoding": "latin-1", "decimal": ","}
    dataset = spec(**options).load(0, path.parent)
    assert dataset.train.y.tolist() == [[1.5], [2000.5]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "there is no encoding 'utf-9'; some are utf-8"),
        ({"encoding": "unicode_escape"}, "there is no encoding 'unicode_escape'"),
        ({"delimiter": ",", "decimal": ","}, "the delimiter is a comma, too"),
        ({"decimal": "'"}, "decimal: expected"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"delimiter": '"'}, "quotes and line ends cannot separate cells"),
        ({"delimiter": "\n"}, "quotes and line ends cannot separate cells"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        spec(**options)


def test_encodings_of_text() -> None:
    assert all(map(is_text_encoding, ["utf-8", "latin-1", "cp1251", "gbk", "utf_16", "Windows-1252", "shift_jis"]))
    assert not any(map(is_text_encoding, ["", "rot13", "base64", "idna", "nope", "zip", "undefined", "\0"]))


def test_a_guess_is_said_once(path: Path, tmp_path: Path) -> None:
    """By ``init csv``, which writes it down, or by every ``fit`` where nobody has."""
    path.write_bytes("".join(f"{x},5;{x}.é;{'ab'[x % 2]}\n" for x in range(10, 50)).encode("latin-1"))
    guessed = spec(target="column_3").load(0, tmp_path)
    said = [note for note in guessed.warnings if "is read as windows-1252" in note]
    assert len(said) == 1
    text, decided = config_for(path, "column_3", tmp_path, {})
    assert [note for note in decided if "is read as windows-1252" in note] == said
    assert "encoding: windows-1252" in text
    written = parse_config(text, tmp_path / "c.yaml").dataset.load(0, tmp_path)
    assert not [note for note in written.warnings if "windows" in note]


@pytest.mark.parametrize(
    ("four", "encoding"),
    [(b"a\0b\0", "utf-16-le"), (b"\0a\0b", "utf-16-be"), (b"\0a\0\0", None), (b"a\0\0b", None), (b"abcd", None)],
)
def test_zeros_of_a_text_tell_its_encoding(four: bytes, encoding: str | None) -> None:
    assert _found_encoding(four * 20) == encoding


NUMBERS_AND_NAMES = {
    "names": "a,name,b\n1,red,2.5\n2,blue,3\n",
    "numbers that are names": "a,name,b\n1,1.0,2\n2,02,3\n3,1,4\n",
    "codes among the numbers": "a,name,b\n1,x,02\n2,y,3\n",
    "gaps": "a,name,b\n1,,2\n2,x,\n3,y,4\n",
    "quotes": 'a,name,b\n1,"x, y",2\n2,"a ""b""",3\n',
    "a line within a cell": 'a,name,b\n1,"x\ny",2\n2,z,3\n',
    "a quote within a cell": 'a,name,b\n1,5" pipe,2\n2,z,3\n',
    "spaces": "a, name ,b\n1, x ,2\n2,y  ,3\n",
    "tabs": "a\tname\tb\n1\tx y\t2\n2\tz\t3\n",
    "blanks": "a   name b\n1  x   2\n2 y 3\n",
    "blank lines": "a,name,b\n1,x,2\n\n2,y,3\n",
    "nan and inf": "a,name,b\n1,nan,2\n2,inf,3\n",
    "letters beyond ASCII": "a,name,b\n1,Müller,2\n2,\u2028x,3\n",
    "names far down": "a,name,b\n" + "1,x,2\n" * 9000 + "2,y,z\n",
}


@pytest.mark.parametrize("content", NUMBERS_AND_NAMES.values(), ids=NUMBERS_AND_NAMES)
@pytest.mark.parametrize("used", [("a", "name", "b"), ("a", "name"), ("b",)])
def test_columns_of_names_among_numbers_are_read_as_they_are_written(content, used, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    found: dict[bool, dict[str, list[object]]] = {}
    for as_text in (False, True):
        with open_rows(path, expected=("a", "name", "b"), as_text=as_text) as source:
            source.use(used, texts=["name"])
            cells = found[as_text] = {name: [] for name in used}
            for block in source.blocks():
                assert len(block.lines) == len(block.columns[0])
                for name in used:
                    column = block.columns[source.position(name, "")]
                    cells[name] += [cell.strip() for cell in as_texts(column)] if name == "name" else list(column)
    assert found[False].get("name") == found[True].get("name")
    for name in set(used) - {"name"}:
        for fast, text in zip(found[False][name], found[True][name], strict=True):
            assert fast == text or fast == float(str(text))


def test_names_among_numbers_take_the_fast_parser_and_codes_do_not(tmp_path):
    path = tmp_path / "rows.csv"
    for content, is_fast in (("a,b,c\n1,x,y\n2,z,w\n", True), ("a,b,c\n01,x,y\n2,z,w\n", False)):
        path.write_text(content)
        with open_rows(path) as source:
            source.use(["a", "b"], texts=["b"])
            assert all(isinstance(block.columns[0], np.ndarray) == is_fast for block in source.blocks())


@pytest.mark.parametrize(
    ("rows", "are_names"),
    [([["r", "3"], ["s", "4"]], True), ([["r", "3"], ["", "4"]], False), ([["r", "3"], ["r", "4"]], False)],
)
def test_names_of_rows_are_all_there_and_different(rows: list[list[str]], are_names: bool) -> None:
    assert _are_row_names(["a"], rows) is False  # a header of one word could be anything
    assert _are_row_names(["a", "b"], [[*row, "x"] for row in rows]) is are_names
