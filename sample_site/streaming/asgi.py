"""The ASGI application. Static files are served beside it, as a web server would do."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streaming.settings")

application = ASGIStaticFilesHandler(get_asgi_application())
