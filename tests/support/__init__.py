"""What the tests stand on: real chronyds, a synthetic one, a stand-in libchrony, and small readers."""
