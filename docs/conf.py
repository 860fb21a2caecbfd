"""The site's configuration. `make docs` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pychrony

sys.path.insert(0, str(Path(__file__).parent / "extension"))

project = "pychrony"
author = "the authors of pychrony"
version = release = pychrony.__version__

extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build", "extension"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"pychrony {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"font-stack": "system-ui, sans-serif"},
    "navigation_with_keys": True,
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
