"""The pictures of a run: one file each, which says what it is called, when it suits, how it is drawn, and its caption.

`base.py` is what they have in common, and `gallery.py` finds them: files, pages and terminal show what it lists.
"""
