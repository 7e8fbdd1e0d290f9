"""The WSGI application. Static files are served beside it, as a web server would do."""

import os

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streaming.settings")

application = StaticFilesHandler(get_wsgi_application())
