"""Files that are no table of text: recognized by their first bytes, and refused with the way to convert them."""

import re
from typing import NamedTuple

from mltrain.errors import DataError

LOOKED_AT = 8192
"""Bytes at the beginning of a file that are looked at."""

_PANDAS = "python -c \"import pandas; pandas.{read}('{name}').to_csv('converted.csv', index=False)\""
_SPREADSHEET = "save the sheet as CSV in the spreadsheet program, or with pandas: " + _PANDAS
_UNPACK = "unpack it first"


class Foreign(NamedTuple):
    """A kind of file: what it is called, how its content begins, how its name may end, and how to convert it.

    ``content`` is a pattern for the first bytes. ``certain``: no table of text has such a name. In ``way``, ``{name}``
    stands for the file.
    """

    what: str
    content: bytes
    endings: tuple[str, ...]
    way: str
    certain: bool = True


_BY_NAME = rb"(?!)"
"""Matches nothing: such files are known by their names alone."""

_ARCHIVE = "a zip archive"

FOREIGN = (
    Foreign(
        "an Excel workbook",
        rb"PK\x03\x04(?s:.*?)(\[Content_Types\]\.xml(?s:.*)\bxl/|\bxl/)",
        (".xlsx", ".xlsm", ".xlsb"),
        _SPREADSHEET.replace("{read}", "read_excel"),
    ),
    Foreign(
        "an OpenDocument spreadsheet",
        rb"PK\x03\x04(?s:.{26})mimetypeapplication/vnd\.oasis\.opendocument",
        (".ods",),
        _SPREADSHEET.replace("{read}", "read_excel"),
    ),
    Foreign("a file of NumPy arrays", rb"PK\x03\x04(?s:.{26})[^/\0]*\.npy", (".npz",), "write type: npz for it"),
    Foreign("a spreadsheet of Numbers", _BY_NAME, (".numbers",), "export it as CSV"),
    Foreign("a dBase table", _BY_NAME, (".dbf",), "save it as CSV in a spreadsheet program"),
    Foreign("an Access database", _BY_NAME, (".mdb", ".accdb"), "export the table as CSV"),
    Foreign("a JMP table", _BY_NAME, (".jmp",), "export it as CSV in JMP"),
    Foreign("a text document", _BY_NAME, (".docx", ".odt"), "copy the table into a CSV file"),
    Foreign(_ARCHIVE, rb"PK(\x03\x04|\x05\x06)", (".zip",), f"{_UNPACK}, and name the file that was in it"),
    Foreign(
        "an old Excel workbook",
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        (".xls",),  # which many programs call tables of text
        _SPREADSHEET.replace("{read}", "read_excel"),
        certain=False,
    ),
    Foreign(
        "a Parquet file",
        rb"PAR1[^\x20-\x7e\r\n\t]",
        (".parquet", ".pq"),
        "write type: parquet for it, or, where it is not for a config, let its name end with .parquet",
        certain=False,
    ),
    Foreign(
        "an Arrow file",
        rb"ARROW1\0\0",
        (".arrow", ".feather", ".ipc"),
        "write type: parquet for it, or, where it is not for a config, let its name end with .arrow",
        certain=False,
    ),
    Foreign(
        "a Feather file of version 1", rb"FEA1[^\x20-\x7e\r\n\t]", (), "write it again as version 2, which is Arrow"
    ),
    Foreign(
        "a SAS table",
        rb"\0{12}\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11",
        (".sas7bdat",),
        "convert it with pandas: " + _PANDAS.replace("{read}", "read_sas"),
    ),
    Foreign(
        "a SAS transport file",
        rb"HEADER RECORD\*{7}(LIBRARY|LIBV8)",
        (".xpt",),
        "convert it with pandas: " + _PANDAS.replace("{read}", "read_sas"),
    ),
    Foreign(
        "an SPSS table",
        rb"\$FL[23]@\(#\)",
        (".sav", ".zsav"),
        "convert it with pandas and pyreadstat: " + _PANDAS.replace("{read}", "read_spss"),
    ),
    Foreign(
        "a Stata table",
        rb"<stata_dta>",
        (".dta",),
        "convert it with pandas: " + _PANDAS.replace("{read}", "read_stata"),
    ),
    Foreign(
        "a file of R",
        rb"X\n\0\0\0[\2\3]|B\n[\2\3]\0\0\0|RD[AXB]\d\n[AXB]\n",
        (".rds", ".rdata", ".rda"),
        "write it as CSV in R: write.csv(readRDS('{name}'), 'converted.csv', row.names = FALSE)",
    ),
    Foreign(
        "an HDF5 file",
        rb"\x89HDF\r\n\x1a\n",
        (".h5", ".hdf5", ".hdf"),
        "convert it with pandas: " + _PANDAS.replace("{read}", "read_hdf"),
    ),
    Foreign(
        "a file of NumPy's array", rb"\x93NUMPY", (".npy",), "save x and y with numpy.savez, and write type: npz for it"
    ),
    Foreign(
        "a MATLAB file",
        rb"MATLAB 5\.0 MAT-file",
        (".mat",),
        "convert it with SciPy (scipy.io.loadmat), save x and y with numpy.savez, and write type: npz",
        certain=False,
    ),
    Foreign(
        "a pickle, which can run any code when it is read",
        rb"\x80[\2-\5](\x95|c|\}|\]|\()",
        (".pkl", ".pickle"),
        "load it where you trust it, and save it as CSV or Parquet",
    ),
    Foreign(
        "an SQLite database",
        rb"SQLite format 3\0",
        (".db", ".sqlite"),
        "export the table as CSV: sqlite3 -csv",
        certain=False,
    ),
    Foreign(
        "an ORC file",
        rb"ORC[^\x20-\x7e\r\n\t]",
        (".orc",),
        "convert it with pandas: " + _PANDAS.replace("{read}", "read_orc"),
    ),
    Foreign("an Avro file", rb"Obj\x01", (".avro",), "convert it to Parquet or CSV"),
    Foreign("packed with xz", rb"\xfd7zXZ\0", (".xz",), f"{_UNPACK}, with unxz, or pack it with gzip"),
    Foreign("packed with bzip2", rb"BZh[1-9]1AY&SY", (".bz2",), f"{_UNPACK}, with bunzip2, or pack it with gzip"),
    Foreign("packed with zstd", rb"\x28\xb5\x2f\xfd", (".zst",), f"{_UNPACK}, with unzstd, or pack it with gzip"),
    Foreign("a 7z archive", rb"7z\xbc\xaf\x27\x1c", (".7z",), _UNPACK),
    Foreign("a RAR archive", rb"Rar!\x1a\x07", (".rar",), _UNPACK),
    Foreign("a tar archive", rb"(?s:.{257})ustar", (".tar", ".tgz"), _UNPACK),
    Foreign("a PDF", rb"%PDF-", (".pdf",), "get the table itself, as CSV"),
    Foreign(
        "a web page, not a table",
        rb"(?i)\s*(<!doctype html|<html|<head|<body|<table|<meta)",
        (".html", ".htm"),
        "download the file that the page links to; if the page itself holds the table, with pandas: "
        "python -c \"import pandas; pandas.read_html('{name}')[0].to_csv('converted.csv', index=False)\"",
        certain=False,
    ),
    Foreign(
        "an Excel workbook in XML",
        rb"\s*<\?xml(?s:.*)urn:schemas-microsoft-com:office:spreadsheet",
        (),
        "save the sheet as CSV in the spreadsheet program",
        certain=False,
    ),
    Foreign("an XML file", rb"\s*<\?xml", (".xml",), "convert it to CSV", certain=False),
    Foreign(
        "a JSON file of one list",
        rb"\s*\[\s*[{\[]",
        (".json",),
        "write a JSON object a line (.jsonl) to predict, or CSV to learn from; with pandas: "
        + _PANDAS.replace("{read}", "read_json"),
        certain=False,
    ),
    Foreign(
        "an ARFF file of Weka",
        rb"(?i)(\s*%.*\n)*\s*@relation\b",
        (".arff",),
        "put a line with the names of the columns, separated by commas, in place of everything up to @data",
        certain=False,
    ),
    Foreign(
        "a pointer that Git LFS left in place of the file", rb"version https://git-lfs", (), "get it: git lfs pull"
    ),
    Foreign("a picture", rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*", (".png", ".jpg", ".gif"), "a table is text"),
)
"""In the order in which they are tried: what is more special comes first."""


def refuse_foreign(name: str, start: bytes) -> None:
    """Raises `DataError` if a file that begins with ``start`` is of a kind that is not read."""
    found = next((kind for kind in FOREIGN if re.match(kind.content, start)), None)
    named = next((kind for kind in FOREIGN if kind.certain and name.lower().endswith(kind.endings)), None)
    if found is None or (found.what == _ARCHIVE and named is not None):  # of which workbooks are some
        found = named
    if found is not None:
        raise _refusal(name, found)


def by_ending(name: str) -> DataError | None:
    """What to say of a file that is no text, by how its name ends; None if that says nothing."""
    for kind in FOREIGN:
        if name.lower().endswith(kind.endings):
            return _refusal(name, kind)
    return None


def _refusal(name: str, kind: Foreign) -> DataError:
    return DataError(f"{name}: this is {kind.what}; {kind.way.replace('{name}', name)}")
