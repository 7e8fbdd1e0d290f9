"""Template rendering, Django's and Jinja2's; includes belong to their outermost template."""

from __future__ import annotations

import sys

from django.template.base import Template

from ..clock import TEMPLATE
from .patches import Patches, in_phase


def install(patches: Patches) -> None:
    """Wrap the render methods."""
    patches.wrap(Template, "render", in_phase(TEMPLATE))
    if "jinja2.environment" in sys.modules:
        patches.wrap(sys.modules["jinja2.environment"].Template, "render", in_phase(TEMPLATE))
