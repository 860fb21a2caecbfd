"""What the tests are built on: real chronyds, a synthetic one, a stand-in libchrony, and small readers."""
