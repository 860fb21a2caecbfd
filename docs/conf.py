"""The site's configuration. `make docs` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pychrony

sys.path.insert(0, str(Path(__file__).parent / "extension"))

project = "pychrony"
author = "the authors of pychrony"
version = release = pychrony.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "reference"]
exclude_patterns = ["_build", "extension"]
nitpicky = True
# No other project's inventory is fetched: the site is built without a network.
nitpick_ignore_regex = [
    ("py:.*", r"(argparse|asyncio|collections|enum|os|types|typing)\..*"),
    ("py:.*", r"_\w+|\w+Fields|Address|Self|optional"),
]
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"pychrony {version}"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
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
# A function comes before the methods of the same name.
html_search_scorer = str(Path(__file__).parent / "_static" / "scorer.js")
