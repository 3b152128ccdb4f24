"""Settings of the documentation: Sphinx with Markdown (MyST) pages. `make docs` builds it into build/docs."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "searchparty"
version = release = installed_version("searchparty")
html_title = f"searchparty {version}"
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference_pages.extension"]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "attrs_inline", "deflist"]
exclude_patterns = ["reference_pages"]
source_suffix = {".md": "markdown"}

# Options and quoted values stand in the text as they are typed.
smartquotes = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False

napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_default_options = {"members": True, "exclude-members": "model_config, model_post_init, kind, card, on_choices"}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {name: f"searchparty.{name}" for name in ("Array", "Proposal", "Search")}
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

nitpicky = True
# Other libraries' documentation is not at hand where the site is built offline.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|np|scipy|pydantic|collections|typing|pathlib|array)(\..*)?"),
    ("py:class", r"AxisBounds|.*\.callback\.Result"),
    # What only the package's own code makes or reads.
    (
        "py:class",
        r"searchparty\.(orchestrator\.(state|log|run_spec|landscape_record)|landscapes\.landscape\.PointCheck|orchestrator\.policies\.policy\.Decider|experiments\.spec\.opened|agents\.evaluation\.first_rows)\b.*",
    ),
    # Types that are only named in annotations; their pages name them in full.
    ("py:class", r"Plot|Event|Points|StoredSurface|PointCheck|RunSummary|ComparedProblem|Decision"),
    ("py:class", r"searchparty\.experiments\.(comparison\.problems|results\.run_summary)\b.*"),
    # Exceptions of the package without a public name.
    ("py:exc", "LogError|Refusal"),
]
