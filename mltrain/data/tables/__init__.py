"""Tables: from the cells of a file to the arrays that a network takes, and the same way again for new rows.

    file ──Source──> blocks of cells ──survey──> one number a cell ──learn──> TableFormat, and x, y
                                                                                    │
    new file ──Source──> blocks of cells ───────────────────────encode─────────────>┘──> x

``source`` says what a block of cells is, ``delimited``, ``json_lines`` and ``arrow`` read files into blocks;
``text_file`` knows encodings, ``layout`` separators and headers, ``foreign`` files of other programs; ``cells`` knows
what a number is and what is missing; ``survey`` reads a whole table to learn from; ``learning`` fills gaps and finds
scales, from the rows that are trained on; ``format`` is what a model keeps, and turns new cells into ``x``.
"""
