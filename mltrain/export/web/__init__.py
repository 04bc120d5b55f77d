"""The scripts and the page that models become: JavaScript, style sheet and HTML, and what fills them in."""
