"""A training to watch in a browser: ``fit --live``.

    training ──> LivePage.step/show ──> Broadcast ──> a thread a reader ──> the page (server-sent events)

The training thread only looks at the clock, and a few times a second says how things are; so rarely that this takes no
more than a hundredth of its time. Everything else happens in the server's threads. Readers may come and go.
"""
